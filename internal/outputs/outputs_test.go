package outputs_test

import (
	"cdcpipeline/internal/outputs"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMissingOutputsAreNamedTogether(t *testing.T) {
	o, err := outputs.Parse([]byte(`{"taskArn":"arn","tables":["a.b"],"consoleLinks":{"task":"https://x"},"bootstrapFindings":{"binlog_format":"ok: ROW"},"unknown":{"x":1}}`))
	require.NoError(t, err)
	require.NoError(t, o.Require(func(o *outputs.Outputs) []any { return []any{&o.TaskArn, &o.Tables} }))
	require.ErrorContains(t, o.Require(func(o *outputs.Outputs) []any { return []any{&o.TaskArn, &o.StreamName, &o.SourcePort} }), "the stack has no output streamName, sourcePort: run `pulumi up` first")
	require.ErrorContains(t, outputs.Outputs{}.Require(func(o *outputs.Outputs) []any { return []any{&o.TaskArn} }), "the stack has no outputs: run `pulumi up` first")
	_, err = outputs.Parse([]byte("[]"))
	require.ErrorContains(t, err, "reading the stack's outputs")
}

func TestSearchAddressHasThePortOfHTTPS(t *testing.T) {
	for endpoint, want := range map[string]string{
		"vpc-x.us-east-1.es.amazonaws.com": "vpc-x.us-east-1.es.amazonaws.com 443", "localhost:9201": "localhost 9201",
	} {
		host, port, err := outputs.Outputs{SearchEndpoint: endpoint}.SearchAddress()
		require.NoError(t, err)
		require.Equal(t, want, host+" "+strconv.Itoa(port))
	}
	_, _, err := outputs.Outputs{SearchEndpoint: "localhost:https"}.SearchAddress()
	require.ErrorContains(t, err, "output searchEndpoint")
}

func TestTablesThatAreLoadedAreThoseConfigured(t *testing.T) {
	o := outputs.Outputs{Tables: []string{"testdb.retail_trans", "shop.%"}}
	for table, want := range map[string]bool{"testdb.retail_trans": true, "shop.orders": true, "testdb.other": false} {
		require.Equal(t, want, o.Loads(table), table)
	}
}

func TestAnOlderStackIsOneOfADomain(t *testing.T) {
	o, err := outputs.Parse([]byte(`{"searchUrl":"https://domain"}`))
	require.NoError(t, err)
	require.False(t, o.Serverless())
	require.Equal(t, "https://domain https://domain", o.HistoryEndpoint+" "+o.CurrentEndpoint)
	o, err = outputs.Parse([]byte(`{"searchUrl":"","searchKind":"serverless","historyEndpoint":"https://h","currentEndpoint":"https://c"}`))
	require.NoError(t, err)
	require.True(t, o.Serverless())
	require.Equal(t, "https://h https://c", o.HistoryEndpoint+" "+o.CurrentEndpoint)
}

func TestTheOutputsOfASourceAreItsOwnAndThoseThatAllShare(t *testing.T) {
	o, err := outputs.Parse([]byte(`{"region":"r","lakeBucket":"b","sourceHost":"h","streamName":"s","tables":["a.b"],"tablesJob":"j",
		"sources":{"orders":{"sourceHost":"oh","streamName":"os","tables":["a.b","a.c"]},"billing":{"sourceHost":"bh"}}}`))
	require.NoError(t, err)
	orders, err := o.ForSource("orders")
	require.NoError(t, err)
	require.Equal(t, []string{"orders", "r", "b", "oh", "os", ""}, []string{orders.Source, orders.Region, orders.LakeBucket, orders.SourceHost, orders.StreamName, orders.TablesJob})
	require.Equal(t, []string{"a.b", "a.c"}, orders.Tables)
	unnamed, err := o.ForSource("")
	require.NoError(t, err)
	require.Equal(t, "h j", unnamed.SourceHost+" "+unnamed.TablesJob)
	var names []string
	for _, one := range o.All() {
		names = append(names, one.Source+":"+one.SourceHost)
	}
	require.Equal(t, []string{":h", "billing:bh", "orders:oh"}, names)
	_, err = o.ForSource("stock")
	require.EqualError(t, err, `--source: the stack has no source "stock": choose one of billing, orders`)
}

func TestWithoutAnUnnamedSourceOneHasToBeChosen(t *testing.T) {
	two, err := outputs.Parse([]byte(`{"sourceHost":"","sources":{"orders":{"sourceHost":"oh"},"billing":{"sourceHost":"bh"}}}`))
	require.NoError(t, err)
	_, err = two.ForSource("")
	require.EqualError(t, err, "--source: the stack has the sources billing, orders, and none without a name: choose one of them")
	require.Len(t, two.All(), 2)
	one, err := outputs.Parse([]byte(`{"sourceHost":"","sources":{"orders":{"sourceHost":"oh"}}}`))
	require.NoError(t, err)
	only, err := one.ForSource("")
	require.NoError(t, err)
	require.Equal(t, "orders oh", only.Source+" "+only.SourceHost)
	old, err := outputs.Parse([]byte(`{"sourceHost":"h"}`))
	require.NoError(t, err)
	_, err = old.ForSource("orders")
	require.EqualError(t, err, `--source: the stack has no source "orders", but only one without a name: leave --source out`)
	require.Len(t, old.All(), 1)
}
