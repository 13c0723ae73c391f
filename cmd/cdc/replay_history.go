package main

import (
	"cdcpipeline/internal/operator/replay"
	"cdcpipeline/internal/outputs"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// fillHistory runs --history, table by table.
func (f *replayFlags) fillHistory(ctx context.Context, out io.Writer, d *deployment, show *waiting) (err error) {
	w := &replaying{replayFlags: f, d: d, show: show}
	if err := errors.Join(w.choose(), d.Require(func(o *outputs.Outputs) []any { return []any{&o.HistoryIndex, &o.HistoryRetentionDays} })); err != nil {
		return err
	}
	search, err := d.search(ctx, show.tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, search.Close()) }()
	if !w.dryRun {
		if w.journal, err = w.openJournal(); err != nil {
			return err
		}
	}
	history := replay.History{Client: search.History, Index: d.HistoryIndex, Into: func(made time.Time) string {
		if d.Serverless() {
			return d.HistoryIndex
		}
		return d.HistoryIndex + made.UTC().Format("-2006-01-02")
	}}
	filled := replay.Filled{}
	if w.resumed {
		err = history.Found(ctx)
	}
	if err == nil {
		filled, err = w.fill(ctx, history)
	}
	show.finish()
	if w.journal != nil {
		err = w.endJournal(err)
	}
	if ctx.Err() != nil {
		show.tell("%s", w.left())
		return errInterrupted
	}
	if err != nil {
		return err
	}
	return w.printFilled(out, filled)
}

func (w *replaying) fill(ctx context.Context, history replay.History) (replay.Filled, error) {
	all := replay.Filled{Problems: []replay.Problem{}}
	// Use whole days, so that each daily index is either complete or absent.
	kept := w.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-w.d.HistoryRetentionDays)
	for _, n := range w.tables {
		from := replay.Lake{Lake: w.d.lake(), Table: n, From: w.after, To: w.before}
		if from.From.Before(kept) {
			from.From = kept
		}
		of, err := history.Fill(ctx, from, replay.Options{Kind: w.d.kind(), DryRun: w.dryRun, Journal: w.journal, Progress: w.progress})
		if all = all.Plus(of); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (w *replaying) printFilled(out io.Writer, all replay.Filled) error {
	if w.output == "json" {
		if err := printJSON(out, all); err != nil {
			return err
		}
	} else {
		for _, p := range all.Problems {
			if _, err := fmt.Fprintf(out, "%s: %s\n", p.Object, cut(p.Detail)); err != nil {
				return fmt.Errorf("printing what the history was given: %w", err)
			}
		}
		written := "written"
		if w.dryRun {
			written = "would be written"
		}
		if _, err := fmt.Fprintf(out, "%d records of the lake: the history has %d, %d %s, %d refused\n", all.Records, all.Had, all.Written, written, all.Refused); err != nil {
			return fmt.Errorf("printing what the history was given: %w", err)
		}
	}
	if all.Refused > 0 {
		return fmt.Errorf("%d records were refused: see the reasons above, of at least the first %d", all.Refused, len(all.Problems))
	}
	return nil
}
