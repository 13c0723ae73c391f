"""Keeps tables that change in place (Iceberg, Delta Lake, Hudi) from the lake's raw records of changes.

It runs in AWS Glue 5.1 (Spark 3.5, Python 3.11). The modules follow a change through the job: `objects` finds what was
delivered since the last commit, `record` reads a line, `columns` gives its values the types of the table's columns,
`formats` applies a batch to a table, and `job` does all that for every table.
"""
