package tool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Load is a number of row changes for the tool to write.
type Load struct {
	// Journal is the name of the journal with the changes.
	Journal string
	Count   int
	// Mix is the share of inserts, updates and deletes, such as 70/20/10.
	Mix    string
	Seed   int
	Tables []string
	// Rate is the number of changes per second; 0 means no limit.
	Rate int
	// Database are the flags that select the database; by default that of the rehearsal's stack.
	Database []string
}

// OfStack are the flags for a stack's database.
func (t *Tool) OfStack(stack string) []string { return []string{"--stack", stack, "--dir", t.Stacks} }

// Generate writes rows and their journal.
func (t *Tool) Generate(ctx context.Context, l Load) error {
	cmd := t.process(ctx, t.generate(l)...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("starting cdc generate: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting cdc generate: %w", err)
	}
	var last []string
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		t.Log.Detail("%s", lines.Text())
		if last = append(last, lines.Text()); len(last) > 20 {
			last = last[1:]
		}
	}
	if err := cmd.Wait(); err != nil {
		return errors.Join(fmt.Errorf("cdc generate: %w", err), errors.New(strings.Join(last, "\n")))
	}
	return nil
}

// generate are the arguments.
func (t *Tool) generate(l Load) []string {
	args := []string{
		"generate", "--count", strconv.Itoa(l.Count), "--mix", l.Mix, "--seed", strconv.Itoa(l.Seed),
		"--ca", t.CA, "--journal", t.Journal(l.Journal),
	}
	for _, table := range l.Tables {
		args = append(args, "--table", table)
	}
	if l.Rate > 0 {
		args = append(args, "--rate", strconv.Itoa(l.Rate))
	}
	if len(l.Database) == 0 {
		return append(append(args, t.OfStack(ofStack)...), t.ofSource()...)
	}
	return append(args, l.Database...)
}
