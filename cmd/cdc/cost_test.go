package main

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/cost"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func estimated(t *testing.T, args ...string) cost.Estimate {
	t.Helper()
	out, err := runs(t, append([]string{"cost", "--json"}, args...)...)
	require.NoError(t, err)
	var e cost.Estimate
	require.NoError(t, json.Unmarshal([]byte(out), &e), out)
	return e
}

func TestAnEstimateNeedsNoStack(t *testing.T) {
	prod := config.Config{Environment: config.Prod}.WithDefaults()
	e := estimated(t, "--environment", "prod", "--region", "eu-central-1", "--rows-a-day", "2e6")
	load := cost.Example
	load.RowsADay = 2e6
	require.Equal(t, cost.NewEstimate(prod, load, "eu-central-1"), e)
}

func TestAnEstimateIsOfTheStacksConfiguration(t *testing.T) {
	dir := planning(t, `{"aws:region":{"value":"eu-west-1"},"cdc-pipeline:search":{"value":"{\"instanceType\":\"r7g.large.search\",\"volumeGb\":200}"}}`)
	e := estimated(t, "--dir", dir)
	require.Equal(t, []any{config.Dev, "eu-west-1", 1.08}, []any{e.Environment, e.Region, e.Factor})
	var lines []string
	for _, p := range e.Fixed {
		lines = append(lines, p.Price+" "+p.Factors())
	}
	require.Contains(t, lines, "r7g.large.search 1 × 730")
	require.Contains(t, lines, "OpenSearch gp3 1 × 200")
	require.Equal(t, "us-east-1", estimated(t, "--dir", dir, "--region", "us-east-1").Region)
}

func TestAConfigurationThatCannotBeIsNotEstimated(t *testing.T) {
	dir := planning(t, `{"cdc-pipeline:search":{"value":"{\"volumeGb\":1}"}}`)
	_, err := runs(t, "cost", "--dir", dir)
	require.ErrorContains(t, err, "search.volumeGb: 1 is out of range")
	require.ErrorContains(t, err, "cdc cost --environment dev")
	_, err = runs(t, "cost", "--environment", "test", "--stack", "dev", "--rows-a-day", "-1", "--record-bytes", "NaN", "--output", "xml")
	for _, message := range []string{`--environment "test": write dev or prod`, "--environment and --stack", "--rows-a-day: must be 0", "--record-bytes: must be 0", `--output "xml"`} {
		require.ErrorContains(t, err, message)
	}
}

func TestAnEstimateIsShownAsThePageHasIt(t *testing.T) {
	out, err := runs(t, "cost", "--environment", "dev", "--region", "eu-central-1")
	require.NoError(t, err)
	golden(t, "cost.golden.txt", out)
	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	require.True(t, strings.Contains(string(page), strings.TrimSpace(out)), "docs/operations.md shows another output") //nolint:testifylint // the page is long
}
