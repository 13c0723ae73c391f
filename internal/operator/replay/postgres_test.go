package replay

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// kinds collects the kinds of the applied records.
type kinds []change.Kind

func (k *kinds) Apply(_ context.Context, _ int, records []*change.Record) (currentstate.Outcome, error) {
	for _, r := range records {
		*k = append(*k, r.Kind)
	}
	return currentstate.Outcome{Applied: len(records)}, nil
}

func TestRecordsAreReplayedAsOfTheirKindOfSource(t *testing.T) {
	b := newBucket()
	b.deliver("x.gz", at(10, 0), insert(1, at(10, 0)))
	for _, kind := range []change.Kind{"", change.MySQL, change.PostgreSQL} {
		var have kinds
		_, err := Run(t.Context(), Lake{Lake: b.lake(), Table: orders}, &have, Options{Kind: kind})
		require.NoError(t, err)
		require.Equal(t, kinds{kind}, have)
	}
}

func TestAHistoryIsGivenRecordsOfPostgreSQLToo(t *testing.T) {
	b, h := newBucket(), &history{}
	b.deliver("1.gz", at(9, 0), insert(1, at(9, 1)))
	filled, err := h.index().Fill(t.Context(), Lake{Lake: b.lake(), Table: orders}, Options{Kind: change.PostgreSQL})
	require.NoError(t, err)
	require.EqualValues(t, 1, filled.Written)
}
