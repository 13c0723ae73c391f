"""Maintains tables of present rows (Iceberg, Delta Lake, Hudi) from the lake's raw change records.

It runs in AWS Glue 5.1 (Spark 3.5, Python 3.11). The modules follow a change through the job: `objects` finds
objects delivered since the last commit, `record` parses a line, `columns` converts its values to the types of the
table's columns, `formats` applies a batch to a table, and `job` does all that for every table.
"""
