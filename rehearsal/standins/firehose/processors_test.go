package firehose

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/stretchr/testify/require"
)

func processor(kind types.ProcessorType, parameters ...string) types.Processor {
	p := types.Processor{Type: kind}
	for i := 0; i+1 < len(parameters); i += 2 {
		p.Parameters = append(p.Parameters, types.ProcessorParameter{ParameterName: types.ProcessorParameterName(parameters[i]), ParameterValue: aws.String(parameters[i+1])})
	}
	return p
}

func extraction(query string) types.Processor {
	return processor(types.ProcessorTypeMetadataExtraction, "JsonParsingEngine", "JQ-1.6", "MetadataExtractionQuery", query)
}

func processed(p ...types.Processor) *types.ProcessingConfiguration {
	return &types.ProcessingConfiguration{Enabled: aws.Bool(true), Processors: p}
}

func TestPartitionKeys(t *testing.T) {
	const query = `{schema: (if .metadata."record-type" == "data" and (.metadata."schema-name" // "") != "" then (.metadata."schema-name" | @uri) else "_control" end), n: .n}`
	p, err := parseProcessing(processed(extraction(query)))
	require.NoError(t, err)
	for _, c := range []struct {
		record, schema, n, message string
	}{
		{record: `{"metadata":{"record-type":"data","schema-name":"a b"},"n":5}`, schema: "a%20b", n: "5"},
		{record: `{"metadata":{"record-type":"control","schema-name":""},"n":"x"}`, schema: "_control", n: "x"},
		{record: `{"metadata":{}}`, message: "partition key n is null"},
		{record: `{"metadata":{},"n":""}`, message: "partition key n is empty"},
		{record: `{"metadata":{},"n":[]}`, message: "not a scalar"},
		{record: `{"metadata":5,"n":1}`, message: "the query failed"},
		{record: `nothing`, message: "not JSON"},
	} {
		keys, err := p.keys([]byte(c.record))
		if c.message != "" {
			require.ErrorContains(t, err, c.message, c.record)
			continue
		}
		require.NoError(t, err, c.record)
		require.Equal(t, map[string]string{"schema": c.schema, "n": c.n}, keys)
	}
}

func TestProcessorsThatAreRefused(t *testing.T) {
	for message, p := range map[string]types.Processor{
		"processor Lambda: this processor is not implemented":                    processor(types.ProcessorTypeLambda, "LambdaArn", "x"),
		"processor RecordDeAggregation: this processor is not implemented":       processor(types.ProcessorTypeRecordDeAggregation, "SubRecordType", "JSON"),
		`engine "JQ-1.7" is not implemented`:                                     processor(types.ProcessorTypeMetadataExtraction, "JsonParsingEngine", "JQ-1.7"),
		"reading the query":                                                      extraction("{"),
		"compiling the query":                                                    extraction("{a: nosuch}"),
		"processor AppendDelimiterToRecord: parameter Colour is not implemented": processor(types.ProcessorTypeAppendDelimiterToRecord, "Colour", "red"),
	} {
		_, err := parseProcessing(processed(p))
		require.ErrorContains(t, err, message)
	}
}

func TestDelimiter(t *testing.T) {
	for given, want := range map[string]string{"": "\n", `\n`: "\n", "\n": "\n", `|\t`: "|\t"} {
		p, err := parseProcessing(processed(processor(types.ProcessorTypeAppendDelimiterToRecord, "Delimiter", given)))
		require.NoError(t, err)
		require.Equal(t, want, p.delimiter)
	}
	p, err := parseProcessing(&types.ProcessingConfiguration{Enabled: aws.Bool(false), Processors: []types.Processor{processor(types.ProcessorTypeLambda)}})
	require.NoError(t, err)
	require.Empty(t, p.delimiter)
}
