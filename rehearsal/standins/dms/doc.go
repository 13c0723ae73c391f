// Package dms is a stand-in for the data plane of AWS Database Migration Service: MySQL-compatible or PostgreSQL source, Kinesis target.
//
// It follows the control plane's declarations, read through the AWS API with the declared roles. What it does not
// implement it refuses, and the task fails with a message. Where a record's format is not published, a comment gives
// the reason for the choice.
package dms
