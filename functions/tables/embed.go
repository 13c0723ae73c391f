// Package tables holds the job that keeps the lake's tables, in Python, for whoever deploys it.
package tables

import "embed"

// Code is the package cdctables.
//
//go:embed cdctables/*.py
var Code embed.FS

// Script is what Glue starts.
//
//go:embed main.py
var Script string
