package tables

import (
	"cdcpipeline/config"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed query.py
var queryProgram string

// read measures how fast DuckDB reads a table, and how fast it computes the same rows from all records. As many
// changes were merged into the table as it had rows. It is read after the merge and after upkeep. The results are
// compared.
func (b *bench) read(ctx context.Context) error {
	for _, format := range []config.TableFormat{config.FormatIceberg, config.FormatDelta} {
		k, err := b.keep(ctx, format, "read")
		if err != nil {
			return err
		}
		s := newSource(2)
		if _, err := k.merge(ctx, s.load(b.scale.Rows)); err != nil {
			return err
		}
		changed := s.changes("changes", b.scale.Rows, false)
		if _, err := k.merge(ctx, changed); err != nil {
			return err
		}
		var keys []string
		for range b.scale.Times {
			keys = append(keys, fmt.Sprint(s.existing(false)))
		}
		r := Reading{Format: string(format), Records: 2 * b.scale.Rows}
		for _, of := range []struct {
			name    string
			upkeep  bool
			records string
			cost    *Read
		}{{"reading", false, "s3://" + bucket + "/" + k.raw() + "**/*.gz", &r.Merged}, {"reading after upkeep", true, "", &r.KeptUp}} {
			if of.upkeep {
				if _, err := k.upkeep(ctx, changed); err != nil {
					return err
				}
			}
			err := b.log.Run(k.name+": "+of.name, func() error {
				costs, err := b.query(ctx, k, of.records, changed.expect, keys)
				if err != nil {
					return err
				}
				*of.cost = costs["table"]
				if of.records != "" {
					r.FromRecords = costs["records"]
				}
				b.log.Detail("%+v", costs)
				return nil
			})
			if err != nil {
				return err //nolint:wrapcheck // the log names the stage
			}
		}
		b.report.Reading = append(b.report.Reading, r)
	}
	return nil
}

// query lets DuckDB read all rows, and then one row at a time. It returns the costs for the table and for the
// records.
func (b *bench) query(ctx context.Context, k kept, records string, expect state, keys []string) (map[string]Read, error) {
	lines, err := b.site.ReadBy(ctx, b.options(k.format), queryProgram, append([]string{
		"duckdb-" + string(k.format), database + "." + k.name, "s3://" + bucket + "/" + k.location(), records, fmt.Sprint(b.scale.Times),
	}, keys...)...)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was read
	}
	costs, answers := map[[2]string][]Cost{}, map[string][]string{}
	for _, line := range lines {
		var asked struct {
			Cost

			Of, What, Answer string
		}
		if err := json.Unmarshal([]byte(line), &asked); err != nil {
			return nil, fmt.Errorf("reading what was measured: %w", err)
		}
		costs[[2]string{asked.Of, asked.What}] = append(costs[[2]string{asked.Of, asked.What}], asked.Cost)
		answers[asked.Of] = append(answers[asked.Of], asked.Answer)
	}
	if records != "" && !slices.Equal(answers["table"], answers["records"]) {
		return nil, fmt.Errorf("the table says %q, and the records say %q", answers["table"], answers["records"])
	}
	if want := fmt.Sprintf("%d, %s, ", expect.Rows, expect.total()); len(answers["table"]) == 0 || !strings.HasPrefix(answers["table"][0], want) {
		return nil, fmt.Errorf("the table says %q, and the records say %q", answers["table"], want)
	}
	found := map[string]Read{}
	for of := range answers {
		found[of] = Read{All: spread(costs[[2]string{of, "all"}]), One: spread(costs[[2]string{of, "one"}])}
	}
	return found, nil
}
