// Package firehose is a stand-in for the data plane of Amazon Data Firehose with a Kinesis source: it delivers to OpenSearch and S3.
//
// It acts on exactly what the control plane holds, read through the AWS API with the roles declared there: sources, buffers,
// prefixes, processors, rotation, retries and backup. What it does not implement it refuses when the delivery stream is made. A
// record is done only when it is delivered or parked in S3; until then it is tried again, without end.
package firehose
