package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/athena"
	"cdcpipeline/rehearsal/stores"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// LakeTables has the stack keep tables of each format in turn, the operator's tool run their job, and readers that share no code
// with Spark compare them with the source.
func LakeTables(ctx context.Context, r *Run) error {
	r.Report.Tables = map[string]report.Table{}
	for _, format := range []string{"iceberg", "delta", "hudi"} {
		r.Log.Detail("tables of %s", format)
		if err := r.keepTables(ctx, format); err != nil {
			return fmt.Errorf("tables of %s: %w", format, err)
		}
	}
	return nil
}

func (r *Run) keepTables(ctx context.Context, format string) error {
	if err := r.Stack.SetConfig(ctx, "cdc-pipeline:lake.tables.format", format); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("deploying: %w", err)
	}
	if _, err := r.Tool.Run(ctx, "tables-run-"+format, 0, "tables", "run"); err != nil {
		return err
	}
	found := report.Table{Readers: stores.Readers[format]}
	var err error
	if found.Rows, err = r.compareTables(ctx, format); err != nil {
		return err
	}
	if err := r.Tool.Generate(ctx, tool.Load{Journal: "tables-" + format, Count: 600, Mix: "40/40/20", Seed: 400, Tables: tables}); err != nil {
		return err
	}
	if err := arrive(ctx, r, "tables-"+format); err != nil {
		return err
	}
	if _, err := r.Tool.Run(ctx, "tables-again-"+format, 0, "tables", "run"); err != nil {
		return err
	}
	if found.Rows, err = r.compareTables(ctx, format); err != nil {
		return err
	}
	found.EqualToSource = true
	r.Report.Tables[format] = found
	return r.forgetTables(ctx, format)
}

// forgetTables takes tables out of the catalog that the job has made there, so that those of another format can take their names.
func (r *Run) forgetTables(ctx context.Context, format string) error {
	if format != "iceberg" { // the stack's own
		return nil
	}
	client := glue.NewFromConfig(r.World.Account.Config())
	for _, name := range tables {
		physical := strings.Replace(name, ".", "_", 1) + "_table"
		if _, err := client.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String(r.output("catalogDatabase")), Name: &physical}); err != nil {
			return fmt.Errorf("taking the table %s out of the catalog: %w", physical, err)
		}
	}
	return nil
}

// compareTables compares each table, as each reader sees it, with the source's.
func (r *Run) compareTables(ctx context.Context, format string) (rows int, err error) {
	options := stores.SparkOptions{Format: format, Endpoint: r.World.Account.Endpoint(), Region: account.Region, Key: account.Key}
	for _, name := range tables {
		database, table, _ := strings.Cut(name, ".")
		view := database + "_" + table
		for i, reader := range stores.Readers[format] {
			location := fmt.Sprintf("s3://%s/tables/%s/%s/1", r.output("lakeBucket"), format, view)
			lines, err := r.World.Site.ReadTable(ctx, options, reader, r.output("catalogDatabase")+"."+view+"_table", location)
			if err != nil {
				return rows, fmt.Errorf("reading: %w", err)
			}
			present, err := withoutTombstones(lines)
			if err != nil {
				return rows, fmt.Errorf("reading %s by %s: %w", view, reader, err)
			}
			differences, n, err := athena.Compare(ctx, r.World.Database.Root(), database, table, present)
			if err != nil {
				return rows, fmt.Errorf("comparing %s by %s with its table: %w", view, reader, err)
			}
			if len(differences) > 0 {
				return rows, fmt.Errorf("%s, by %s, differs from its table in %d rows, the first: %s", view, reader, len(differences), differences[0])
			}
			if i == 0 {
				rows += n
			}
		}
	}
	return rows, nil
}

// withoutTombstones are the rows in the lines of a reader that are present, as the view of rows writes values.
func withoutTombstones(lines []string) ([]athena.Row, error) {
	var rows []athena.Row
	for _, line := range lines {
		var raw map[string]any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&raw); err != nil {
			return nil, fmt.Errorf("its line: %w", err)
		}
		if gone, _ := raw["cdc_gone"].(bool); gone {
			continue
		}
		row := athena.Row{"cdc_unreadable": nil}
		for name, value := range raw {
			switch {
			case strings.HasPrefix(name, "cdc_"), strings.HasPrefix(name, "_hoodie_"):
			case value == nil:
				row[name] = nil
			default:
				row[name] = plainTime(fmt.Sprint(value))
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// plainTime is a time without the marks of ISO 8601; anything else is as it is.
func plainTime(text string) string {
	const form = "2006-01-02T15:04:05.000000Z"
	if len(text) == len(form) && text[10] == 'T' && strings.HasSuffix(text, "Z") {
		return text[:10] + " " + text[11:len(text)-1]
	}
	return text
}
