package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reliability"
	"cdcpipeline/rehearsal/world/objects"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// faultRuns are the results of faults, stored in a file so that a round can be interrupted.
type faultRuns struct {
	path, commit string
	// since is an earlier commit whose results count too; empty for none.
	since string
	Done  []doneFault `json:"done"`
}

// doneFault is a result with its commit.
type doneFault struct {
	Commit string          `json:"commit"`
	Run    report.FaultRun `json:"run"`
}

// readFaultRuns reads a project's file; a missing file is empty.
func readFaultRuns(r *Run) (*faultRuns, error) {
	kept := &faultRuns{path: r.results("faults.json"), commit: r.commit, since: r.since}
	text, err := os.ReadFile(kept.path)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the faults that were run: %w", err)
	}
	if err := json.Unmarshal(text, kept); err != nil {
		return nil, fmt.Errorf("reading %s: %w; remove it to begin a new round", kept.path, err)
	}
	return kept, nil
}

// keep replaces a fault's former result.
func (k *faultRuns) keep(run report.FaultRun) error {
	done := doneFault{k.commit, run}
	if i := slices.IndexFunc(k.Done, func(d doneFault) bool { return d.Run.Name == run.Name }); i >= 0 {
		k.Done[i] = done
	} else {
		k.Done = append(k.Done, done)
	}
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping what a fault came to: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(k.path), 0o750); err != nil {
		return fmt.Errorf("keeping what a fault came to: %w", err)
	}
	if err := os.WriteFile(k.path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("keeping what a fault came to: %w", err)
	}
	if err := os.Rename(k.path+".new", k.path); err != nil {
		return fmt.Errorf("keeping what a fault came to: %w", err)
	}
	return nil
}

// left are the faults that were not survived at this commit, or at the earlier one that counts too. When all were, a new round begins.
func (k *faultRuns) left(all []fault) []fault {
	counts := func(commit string) bool { return commit != "" && (commit == k.commit || commit == k.since) }
	left := slices.DeleteFunc(slices.Clone(all), func(f fault) bool {
		return slices.ContainsFunc(k.Done, func(d doneFault) bool {
			return d.Run.Name == f.name && counts(d.Commit) && len(d.Run.Problems()) == 0
		})
	})
	if len(left) == 0 {
		return all
	}
	return left
}

// runs are the results of the present faults, in order.
func (k *faultRuns) runs() []report.FaultRun {
	var runs []report.FaultRun
	for _, f := range faults() {
		for _, d := range k.Done {
			if d.Run.Name == f.name {
				runs = append(runs, d.Run)
			}
		}
	}
	return runs
}

func (k *faultRuns) page(r *Run) reliability.Page {
	var commits []string
	for _, d := range k.Done {
		if d.Commit != "" && !slices.Contains(commits, d.Commit) {
			commits = append(commits, d.Commit)
		}
	}
	return reliability.Page{Machine: r.Report.Machine, Date: r.Report.Date, Commits: commits, Runs: k.runs()}
}

// parkedRecords counts the records that the function has parked.
func parkedRecords(ctx context.Context, r *Run) (int, error) {
	n := 0
	err := objects.Lines(ctx, r.World.Account.Config(), r.output("lakeBucket"), r.output("currentParkedPrefix"), func(string, []byte) error {
		n++
		return nil
	})
	return n, err //nolint:wrapcheck // the error names what was read
}
