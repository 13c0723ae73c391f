// Package firehose is a stand-in for the data plane of Amazon Data Firehose with a Kinesis source: it delivers to OpenSearch and S3.
//
// It follows the control plane's declarations, read through the AWS API with the declared roles: sources, buffers,
// prefixes, processors, rotation, retries and backup. It refuses what it does not implement when the delivery stream
// is made. A record is finished only when it is delivered or parked in S3; until then it is retried without limit.
package firehose
