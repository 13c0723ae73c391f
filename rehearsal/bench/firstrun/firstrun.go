// Package firstrun measures how long a new user waits: for the first rehearsal on an empty machine, the second,
// and the tests. It needs a machine that runs nothing else, and an hour for two commits.
//
// Each commit has its own clone and its own, empty home directory, so no cache of a compiler, Maven or pip is
// warm.
package firstrun

import (
	"bytes"
	"cdcpipeline/rehearsal/bench/page"
	"cdcpipeline/rehearsal/machine"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Runs has the measurements of one commit.
type Runs struct {
	Commit  string  `json:"commit"`
	Date    string  `json:"date"`
	Machine string  `json:"machine"`
	Cold    Reading `json:"cold"`
	Warm    Reading `json:"warm"`
	// Test measures the tests that the baseline commit also has, by name. Tests counts them.
	Test  Reading `json:"test"`
	Tests Tests   `json:"tests"`
}

// Tests has numbers of tests.
type Tests struct {
	// Common counts the tests that the baseline commit also has. All counts all tests of the commit.
	Common int `json:"common"`
	All    int `json:"all"`
}

// Reading is the cost of one command. It covers the whole machine, because nothing else runs there.
type Reading struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	PeakMB     int     `json:"peak_mb"` // greatest memory of all processes together, without file pages
}

// measured has the runs that docs/performance.md shows: the baseline's and the newest.
//
//go:embed measured.json
var measured []byte

// Publish measures commits of a clone; the others are compared with the first one. It writes the results to the
// file that the next build of [Section] embeds. It does not repeat measurements from today on this machine.
func Publish(ctx context.Context, project string, commits []string) error {
	if len(commits) < 2 {
		return errors.New("name the commits to measure, the one to compare with first: cd1bdd0 HEAD")
	}
	var earlier, all []Runs
	if err := json.Unmarshal(measured, &earlier); err != nil {
		return fmt.Errorf("reading the runs: %w", err)
	}
	for _, commit := range commits {
		runs, err := begin(ctx, project, commit)
		if err != nil {
			return err
		}
		if same := slices.IndexFunc(earlier, runs.sameDay); same >= 0 {
			runs = earlier[same]
		} else if err := measure(ctx, project, commits[0], &runs); err != nil {
			return fmt.Errorf("measuring %s: %w", commit, err)
		}
		all = append(all, runs)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the runs: %w", err)
	}
	if err := os.WriteFile(filepath.Join(project, "rehearsal", "bench", "firstrun", "measured.json"), append(text, '\n'), 0o644); err != nil { // documentation
		return fmt.Errorf("writing the runs: %w", err)
	}
	return write(project, all)
}

const heading = "## A first run\n"

// write replaces the section in docs/performance.md.
func write(project string, all []Runs) error {
	return page.Replace(project, heading, section(all)) //nolint:wrapcheck // it names the page
}

// Section returns the section of docs/performance.md about the latest measured runs. Without runs it is empty.
func Section() (string, error) {
	var all []Runs
	if err := json.Unmarshal(measured, &all); err != nil {
		return "", fmt.Errorf("reading the runs: %w", err)
	}
	if len(all) < 2 {
		return "", nil
	}
	return "\n" + section(all), nil
}

func section(all []Runs) string {
	rows := table.NewWriter()
	header := table.Row{"", "", "commit " + all[0].Commit}
	for _, r := range all[1:] {
		header = append(header, "commit "+r.Commit, "ratio")
	}
	rows.AppendHeader(header)
	for _, command := range []struct {
		name string
		of   func(Runs) Reading
	}{
		{"`make rehearse`, cold", func(r Runs) Reading { return r.Cold }},
		{"`make rehearse`, warm", func(r Runs) Reading { return r.Warm }},
		{"`make test`", func(r Runs) Reading { return r.Test }},
	} {
		name := command.name
		for _, figure := range []struct {
			name string
			of   func(Reading) float64
		}{
			{"minutes", func(r Reading) float64 { return r.Seconds / 60 }},
			{"CPU minutes", func(r Reading) float64 { return r.CPUSeconds / 60 }},
			{"peak memory, GB", func(r Reading) float64 { return float64(r.PeakMB) / 1024 }},
		} {
			first := figure.of(command.of(all[0]))
			row := table.Row{name, figure.name, fmt.Sprintf("%.1f", first)}
			for _, r := range all[1:] {
				row = append(row, fmt.Sprintf("%.1f", figure.of(command.of(r))), fmt.Sprintf("%.2f", figure.of(command.of(r))/first))
			}
			rows.AppendRow(row)
			name = ""
		}
	}
	last := all[len(all)-1]
	return heading + "\nMeasured on " + last.Date + " on one machine, one commit after the other (" + last.Machine + "), by `rehearsal/start first-run " + all[0].Commit + " " + last.Commit + "`:\n\n" +
		rows.RenderMarkdown() + `

- **Cold** begins with a fresh clone and an empty home directory: everything is downloaded and compiled. **Warm** is the second run there.
- **` + "`make test`" + `** follows, with tests that are not cached (` + "`-count=1`" + `); it compiles what the rehearsal has not.` + common(all[0], last) + `
- *CPU minutes* and *peak memory* are the whole machine's, on which nothing else runs; pages of files are not counted as memory.
` + floor(last)
}

// floor explains the shortest possible time of a cold run.
func floor(last Runs) string {
	compiling := (last.Cold.CPUSeconds - last.Warm.CPUSeconds) / cores
	return fmt.Sprintf("- The floor of a cold run: what it does and a warm one does not, mostly compiling, takes %.1f minutes with both cores always busy; a warm\n"+
		"  run comes on top. That is %.1f minutes, beside the %.1f that were measured.\n", compiling/60, (compiling+last.Warm.Seconds)/60, last.Cold.Seconds/60)
}

// cores is the number of cores of the machine for which the goals are set and which runs the measurements.
const cores = 2

// common says which tests were measured. Earlier measurements include all tests and have no count.
func common(first, last Runs) string {
	if last.Tests.All == 0 {
		return ""
	}
	return fmt.Sprintf(" It runs the tests that\n  commit %s has too, by their names: %d of the %d of commit %s.", first.Commit, last.Tests.Common, last.Tests.All, last.Commit)
}

// begin prepares a commit that is not measured yet.
func begin(ctx context.Context, project, commit string) (Runs, error) {
	short, err := exec.CommandContext(ctx, "git", "-C", project, "rev-parse", "--short", commit).Output()
	if err != nil {
		return Runs{}, fmt.Errorf("looking for the commit %s: %w", commit, err)
	}
	return Runs{Commit: strings.TrimSpace(string(short)), Date: time.Now().UTC().Format(time.DateOnly), Machine: machine.Describe()}, nil
}

// sameDay reports whether other measures the same commit on the same machine and day.
func (r Runs) sameDay(other Runs) bool {
	return r.Commit == other.Commit && r.Date == other.Date && r.Machine == other.Machine
}

func measure(ctx context.Context, project, first string, runs *Runs) error {
	common, err := runs.common(ctx, project, first)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "firstrun-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer exec.Command("sh", "-c", `chmod -R u+w "$0"; rm -rf "$0"`, folder).Run() //nolint:errcheck // A folder that stays does no harm.
	home, clone := filepath.Join(folder, "home"), filepath.Join(folder, "clone")
	if err := os.Mkdir(home, 0o700); err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	for _, args := range [][]string{{"clone", "-q", project, clone}, {"-C", clone, "checkout", "-q", runs.Commit}} {
		if text, err := exec.CommandContext(ctx, "git", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, text)
		}
	}
	for _, step := range []struct {
		name    string
		reading *Reading
		flags   string
		command []string
	}{
		{"cold", &runs.Cold, "", []string{"make", "rehearse"}},
		{"warm", &runs.Warm, "", []string{"make", "rehearse"}},
		{"test", &runs.Test, "-count=1 '-run=^(" + strings.Join(common, "|") + `)\z'`, []string{"make", "test"}},
	} {
		log := fmt.Sprintf("%s.%s.log", folder, step.name)
		*step.reading, err = read(ctx, clone, home, log, step.flags, step.command)
		if err != nil {
			return fmt.Errorf("%s: %w (see %s)", step.name, err, log)
		}
		fmt.Fprintf(os.Stderr, "%s %s: %+v (%s)\n", runs.Commit, step.name, *step.reading, log)
	}
	return nil
}

// declared matches the declaration of a test or an example in grep's output.
var declared = regexp.MustCompile(`(?m)^func ((?:Test|Example)\w+)`)

// common returns and counts the commit's tests that the first commit also has.
func (r *Runs) common(ctx context.Context, project, first string) ([]string, error) {
	var names [2]map[string]bool
	for i, commit := range []string{first, r.Commit} {
		text, err := exec.CommandContext(ctx, "git", "-C", project, "grep", "-hE", `^func (Test|Example)`, commit, "--", "*_test.go").Output()
		if err != nil {
			return nil, fmt.Errorf("listing the tests of %s: %w", commit, err)
		}
		names[i] = map[string]bool{}
		for _, name := range declared.FindAllStringSubmatch(string(text), -1) {
			names[i][name[1]] = true
		}
	}
	r.Tests.All = len(names[1])
	maps.DeleteFunc(names[1], func(name string, _ bool) bool { return !names[0][name] })
	r.Tests.Common = len(names[1])
	return slices.Sorted(maps.Keys(names[1])), nil
}

// read runs one command and measures the whole machine meanwhile.
func read(ctx context.Context, clone, home, log, flags string, command []string) (Reading, error) {
	output, err := os.Create(log)
	if err != nil {
		return Reading{}, fmt.Errorf("making the log: %w", err)
	}
	defer output.Close()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = clone, output, output
	// Java finds the home directory through the system and ignores HOME.
	cmd.Env = append(os.Environ(), "HOME="+home, "MAVEN_OPTS=-Duser.home="+home, "GOFLAGS="+flags, "GONOSUMDB=*")
	before, began := cpuSeconds(), time.Now()
	if err := cmd.Start(); err != nil {
		return Reading{}, fmt.Errorf("starting %s: %w", command[0], err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var reading Reading
	for {
		select {
		case err := <-done:
			reading.Seconds, reading.CPUSeconds = time.Since(began).Seconds(), cpuSeconds()-before
			return reading, err //nolint:wrapcheck // measure names the command
		case <-time.After(time.Second):
			reading.PeakMB = max(reading.PeakMB, memory())
		}
	}
}

// cpuSeconds returns the processor time of all cores since the machine started, in seconds.
func cpuSeconds() float64 {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	var ticks float64
	for i, field := range strings.Fields(line) {
		value, _ := strconv.ParseFloat(field, 64)
		if i >= 1 && i <= 3 || i == 6 || i == 7 { // user, nice, system, irq, softirq
			ticks += value
		}
	}
	return ticks / 100
}

// memory returns the memory of all processes in MB, without file pages.
func memory() int {
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	total := 0
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for line := range bytes.Lines(text) {
			if bytes.HasPrefix(line, []byte("RssAnon:")) || bytes.HasPrefix(line, []byte("RssShmem:")) {
				kb, _ := strconv.Atoi(string(bytes.Fields(line)[1]))
				total += kb
			}
		}
	}
	return total / 1024
}
