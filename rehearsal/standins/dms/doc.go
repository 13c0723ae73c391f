// Package dms is a stand-in for the data plane of AWS Database Migration Service: MySQL-compatible or PostgreSQL source, Kinesis target.
//
// It acts on exactly what the control plane holds, read through the AWS API with the roles declared there; what it does not
// implement it refuses, and the task fails with a message that says so. Where the form of a record is not published, a comment
// says what the choice rests on.
package dms
