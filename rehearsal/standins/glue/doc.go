// Package glue is a stand-in for AWS Glue's jobs: Spark runs a job's own script, like Glue 5.1, with the declared
// arguments. The AWS stand-in provides S3 and the Data Catalog.
package glue
