// Package glue plays the jobs of AWS Glue: a job's own script is run by Spark, as Glue 5.1 does, with the arguments that the job
// declares. What S3 and the Data Catalog do is left to the stand-in of AWS.
package glue
