// Package tables embeds the Python job that maintains the lake's tables, for its deployment.
package tables

import "embed"

// Code is the package cdctables.
//
//go:embed cdctables/*.py
var Code embed.FS

// Script is the file that Glue starts.
//
//go:embed main.py
var Script string
