package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lake/partition"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// objectPrefix uses the Hive layout, which partition projection reads without a crawler. The time is the record's
// arrival in the stream, in UTC, https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html.
func objectPrefix(cfg config.Lake) string {
	return cfg.Prefix + "/schema=!{partitionKeyFromQuery:schema}/table=!{partitionKeyFromQuery:table}/" +
		"dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
}

// errorPrefix must not use partition keys, because the records under it may have none.
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

// processing extracts the partition, then ends each record with a newline, so that each line holds one record.
// Without it Firehose puts nothing between records,
// https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html. The backslash and the n are two characters,
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html.
func processing() *kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs {
	set := func(name, value string) *parameter {
		return &parameter{ParameterName: pulumi.String(name), ParameterValue: pulumi.String(value)}
	}
	return &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs{
		Enabled: pulumi.Bool(true),
		Processors: processors{
			&processor{Type: pulumi.String("MetadataExtraction"), Parameters: parameters{
				set("JsonParsingEngine", "JQ-1.6"), set("MetadataExtractionQuery", partition.Query()),
			}},
			&processor{Type: pulumi.String("AppendDelimiterToRecord"), Parameters: parameters{
				set("Delimiter", `\n`),
			}},
		},
	}
}
