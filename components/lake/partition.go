package lake

import (
	"cdcpipeline/config"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ControlPartition is the schema and the table under which records without a table's rows are kept: those that
// describe tables, and those that name none.
const ControlPartition = "_control"

// partitionQuery is the jq program that gives each record its partition. It is one object, as Firehose wants it,
// https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html.
//
// Firehose sends a record to the error prefix when a key is null or empty, hence the fallback. Names are escaped as in
// a URI: a slash in the name of a table would otherwise open a folder of its own, and a partition that nothing reads.
func partitionQuery() string {
	return fmt.Sprintf("{schema: %s, table: %s}", nameOf("schema-name"), nameOf("table-name"))
}

func nameOf(key string) string {
	return fmt.Sprintf(`(if .metadata."record-type" == "data" and (.metadata.%[1]q // "") != "" then (.metadata.%[1]q | @uri) else %[2]q end)`,
		key, ControlPartition)
}

// objectPrefix is laid out as Hive does, which partition projection reads without a crawler. The time is that of the
// record's arrival in the stream, in UTC, https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html.
func objectPrefix(cfg config.Lake) string {
	return cfg.Prefix + "/schema=!{partitionKeyFromQuery:schema}/table=!{partitionKeyFromQuery:table}/" +
		"dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
}

// errorPrefix must not use partition keys: the records under it may have none.
func errorPrefix(cfg config.Lake) string {
	return errorFolder(cfg) + "!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/"
}

func errorFolder(cfg config.Lake) string { return cfg.ErrorPrefix + "/lake/" }

type (
	processor  = kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs
	processors = kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArray
	parameter  = kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArgs
	parameters = kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArray
)

// processing extracts the partition, then ends each record with a newline: one record, one line. The backslash and the
// n are two characters, https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html.
func processing() *kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs {
	set := func(name, value string) *parameter {
		return &parameter{ParameterName: pulumi.String(name), ParameterValue: pulumi.String(value)}
	}
	return &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs{
		Enabled: pulumi.Bool(true),
		Processors: processors{
			&processor{Type: pulumi.String("MetadataExtraction"), Parameters: parameters{
				set("JsonParsingEngine", "JQ-1.6"), set("MetadataExtractionQuery", partitionQuery()),
			}},
			&processor{Type: pulumi.String("AppendDelimiterToRecord"), Parameters: parameters{
				set("Delimiter", `\n`),
			}},
		},
	}
}
