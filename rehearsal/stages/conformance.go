package stages

import (
	"cdcpipeline/internal/operator/conformance"
	"cdcpipeline/internal/operator/conformance/conformancetest"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/dms"
	"cdcpipeline/rehearsal/standins/firehose"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// probes is the followed database for the probes.
const probes = "cdc_conformance"

// UpForProbes adds a database for probes to the deployed stack.
func UpForProbes(ctx context.Context, r *Run) error {
	for key, value := range map[string]string{
		"source.conformance": "true",
		// The history may refuse broken records, but must not delay others.
		"search.retrySeconds": "0",
	} {
		if err := r.Stack.SetConfig(ctx, "cdc-pipeline:"+key, value); err != nil {
			return err
		}
	}
	_, err := r.deploy(ctx)
	return err
}

// Conformance checks that all assumptions hold in the stand-ins, then breaks each of them once: the broken one must
// be reported.
func Conformance(ctx context.Context, r *Run) error {
	all := conformance.Assumptions()
	r.Report.Conformance = report.Conformance{Assumptions: len(all)}
	if err := interruptedProbe(ctx, r); err != nil {
		return err
	}
	if err := allHold(ctx, r); err != nil {
		return err
	}
	return eachIsCaught(ctx, r, all)
}

// probeArgs are the command's arguments, with only the result on standard output.
func probeArgs(r *Run, more ...string) []string {
	return append([]string{"conformance", "--ca", r.World.Site.Authority.File(), "--output", "json"}, more...)
}

// interruptedProbe ends a probe with Ctrl-C after it has made its tables. The tables must be dropped.
func interruptedProbe(ctx context.Context, r *Run) error {
	r.Log.Detail("cdc conformance, and Ctrl-C")
	err := r.Tool.Watch(ctx, "conformance-interrupted", func(output string) (bool, error) {
		return strings.Contains(output, "wrote rows into"), nil
	}, probeArgs(r, "--file", "")...)
	if err != nil {
		return err
	}
	return noTables(ctx, r)
}

func noTables(ctx context.Context, r *Run) error {
	var left int
	if err := r.World.Database.Root().QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '`+probes+`'`).Scan(&left); err != nil {
		return fmt.Errorf("looking for tables of probes: %w", err)
	}
	if left > 0 {
		return fmt.Errorf("%d tables of a probe are left", left)
	}
	return nil
}

// allHold runs the command as an operator does. Its result is stored beside the report.
func allHold(ctx context.Context, r *Run) error {
	file := r.results("conformance.json")
	r.Log.Detail("cdc conformance")
	_, err := r.Tool.Run(ctx, "conformance", 0, "conformance", "--ca", r.World.Site.Authority.File(), "--file", file)
	text, readErr := os.ReadFile(file)
	if readErr != nil {
		return errors.Join(err, fmt.Errorf("reading the result: %w", readErr))
	}
	var result conformance.Report
	if parseErr := json.Unmarshal(text, &result); parseErr != nil {
		return errors.Join(err, fmt.Errorf("reading the result: %w", parseErr))
	}
	r.Report.Conformance.Held = result.Held
	if err != nil {
		return err
	}
	if slices.ContainsFunc(result.Left, func(line string) bool { return strings.Contains(line, "the current index") }) {
		return fmt.Errorf("a current index is left: %s", strings.Join(result.Left, "; "))
	}
	return errors.Join(noTables(ctx, r), noDocuments(ctx, r, result.Evidence.Table))
}

// noDocuments checks that the domain has no documents of a probe.
func noDocuments(ctx context.Context, r *Run, table string) error {
	admin, err := r.admin(ctx, r.searched().history)
	if err != nil {
		return err
	}
	hits, err := admin.Search(ctx, r.output("historyIndex"), map[string]any{"query": map[string]any{"prefix": map[string]any{"metadata.table-name": table}}})
	if err != nil {
		return fmt.Errorf("looking for documents of a probe: %w", err)
	}
	behind, err := indicesBehind(ctx, r, r.aliasOf(probes+"."+table)+"*")
	if len(hits) > 0 || len(behind) > 0 {
		err = errors.Join(err, fmt.Errorf("of a probe are left %d documents in the history, and the current indices %v", len(hits), behind))
	}
	return err
}

// atOnce is the number of concurrent probes.
const atOnce = 4

// eachIsCaught breaks one assumption for each of some tables at the same time, and runs a probe with each.
func eachIsCaught(ctx context.Context, r *Run, all []conformance.Assumption) error {
	breaks := conformancetest.Breaks()
	var mu sync.Mutex
	var missed []error
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, a := range lastFirst(all) {
		group.Go(func() error {
			err := caught(ctx, r, a, breaks[a.ID])
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				missed = append(missed, fmt.Errorf("%s broken: %w", a.ID, err))
			} else {
				r.Report.Conformance.BrokenCaught++
			}
			r.Log.Detail("%d of %d broken assumptions are caught, %d are not", r.Report.Conformance.BrokenCaught, len(all), len(missed))
			return ctx.Err() //nolint:wrapcheck // interrupted
		})
	}
	if err := group.Wait(); err != nil {
		return err //nolint:wrapcheck // interrupted
	}
	return errors.Join(missed...)
}

// lastFirst moves the probes that wait for the deliveries, which are last in the list, to the front.
func lastFirst(all []conformance.Assumption) []conformance.Assumption {
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	return reversed
}

// caught runs a probe in tables whose records break one assumption.
func caught(ctx context.Context, r *Run, a conformance.Assumption, b conformancetest.Break) error {
	table := strings.ReplaceAll(a.ID, "-", "_")
	for _, name := range []string{table, table + "$"} {
		doOtherwise(r, name, b)
	}
	printed, err := r.Tool.Run(ctx, "conformance-"+a.ID, 1, probeArgs(r, "--only", a.ID, "--table", probes+"."+table, "--keep", "--timeout", "90s", "--file", "")...)
	if err != nil {
		return err
	}
	var result conformance.Report
	if err := json.Unmarshal([]byte(printed), &result); err != nil {
		return fmt.Errorf("reading the result: %w", err)
	}
	if len(result.Results) != 1 || result.Results[0].ID != a.ID || result.Results[0].Outcome != conformance.NotHeld {
		return fmt.Errorf("its line is %+v", result.Results)
	}
	return nil
}

// doOtherwise makes the stand-ins treat a table's records differently.
func doOtherwise(r *Run, table string, b conformancetest.Break) {
	if b.Records != nil {
		r.World.DMS.Quirk(probes, table, func(record dms.Record) []dms.Record {
			var out []dms.Record
			for _, one := range b.Records(conformancetest.Record{Key: record.Key, Data: string(record.Data)}) {
				out = append(out, dms.Record{Key: one.Key, Data: []byte(one.Data)})
			}
			return out
		})
	}
	var q firehose.Quirk
	if b.Document != nil {
		q.Document = func(index, id string, data []byte) (string, string, []byte) {
			d := b.Document(conformancetest.Document{Index: index, ID: id, Source: string(data)})
			return d.Index, d.ID, []byte(d.Source)
		}
	}
	if b.Folder != nil {
		q.Keys = func(keys map[string]string, data []byte) map[string]string {
			schema, name := b.Folder(keys["schema"], keys["table"], string(data))
			return map[string]string{"schema": schema, "table": name}
		}
	}
	if b.Object != nil {
		q.Object = func(prefix string, lines [][]byte) (string, [][]byte) {
			texts := make([]string, len(lines))
			for i, line := range lines {
				texts[i] = string(line)
			}
			prefix, texts = b.Object(prefix, texts)
			out := make([][]byte, len(texts))
			for i, text := range texts {
				out[i] = []byte(text)
			}
			return prefix, out
		}
	}
	r.World.Firehose.Quirk(probes, table, q)
}
