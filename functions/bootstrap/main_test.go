package main

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// named is an empty Secrets Manager: its error names the requested secret.
type named struct{}

func (named) Get(_ context.Context, arn string) (string, error) {
	return "", errors.New("asked for " + arn)
}

func (named) Put(context.Context, string, string) error { return nil }

func TestARequestIsDoneByItsEngine(t *testing.T) {
	for request, want := range map[string]string{
		`{"adminSecret":"a"}`:                       "asked for a",
		`{"engine":"mysql","adminSecret":"b"}`:      "asked for b",
		`{"engine":"postgresql","adminSecret":"c"}`: "asked for c",
		`{"engine":"oracle"}`:                       `the engine "oracle", which this function does not know`,
		`{"engine":"postgresql","port":"5432"}`:     "reading the request",
		`[]`:                                        "reading the request",
	} {
		_, err := handle(t.Context(), named{}, json.RawMessage(request))
		require.ErrorContains(t, err, want)
	}
}
