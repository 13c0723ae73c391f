package workload

import (
	"cdcpipeline/internal/operator/schema"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTablesThatCannotBeWrittenAreRefused(t *testing.T) {
	key := schema.Column{Name: "a", Kind: schema.Integer, Key: true}
	for message, second := range map[string]schema.Column{
		"column b refers to another table":            {Name: "b", Kind: schema.Integer, Foreign: true},
		"column b has a type without a generator":     {Name: "b", Kind: schema.Spatial},
		"column b has a type without a generator and": {Name: "b", Kind: schema.Inet, Key: true, Nullable: true},
	} {
		err := writable(&schema.Table{Columns: []schema.Column{key, second}, Key: []int{0}})
		require.ErrorContains(t, err, message)
		require.ErrorContains(t, err, "name another table with --table (`cdc verify --deep` can still compare this one)")
	}
	require.NoError(t, writable(&schema.Table{Columns: []schema.Column{key, {Name: "b", Kind: schema.Spatial, Nullable: true}}}))
}
