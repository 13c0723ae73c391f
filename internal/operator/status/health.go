package status

import (
	"cdcpipeline/internal/operator/advice"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/task"
	"fmt"
	"strings"
	"time"
)

// maxHeld is how old a record in a delivery may become. The longest buffer is 900 s, and a delivery retries for a
// while.
const maxHeld = 20 * time.Minute

// judged collects the problems of each source, with advice.
func (s Stack) judged(shared SearchStatus, found []SourceStatus, now time.Time, maxLag time.Duration) Status {
	status := Status{At: now.UTC().Truncate(time.Second), Problems: []string{}}
	for i, source := range s.Sources {
		of := &found[i]
		if of.Tables.Error == "" {
			of.Tables.NotLoaded = notLoaded(source.Outputs, of.Task.found, of.Tables.statistics)
		}
		problems := of.judge(source.Outputs, shared, maxLag)
		if source.Source == "" {
			status.SourceStatus, status.Problems = of, problems
			continue
		}
		if status.Sources == nil {
			status.Sources = map[string]NamedStatus{}
		}
		status.Sources[source.Source] = NamedStatus{Healthy: len(problems) == 0, Problems: problems, SourceStatus: *of}
		for _, p := range problems {
			status.Problems = append(status.Problems, "source "+source.Source+": "+p)
		}
	}
	status.Problems = append(status.Problems, shared.judge()...)
	status.Healthy = len(status.Problems) == 0
	return status
}

// judge collects the problems of the parts that all sources share.
func (s SearchStatus) judge() []string {
	c := complaints{}
	c.add(s.Cluster == "red", "the domain is red, because an index has lost a primary shard: see docs/operations.md")
	for _, one := range s.Collections {
		c.add(!one.Active(), "the collection %s is %s%s: check `aws opensearchserverless batch-get-collection --names %[1]s`, then run `pulumi up`", one.Name, orElse(one.Status, "missing"), parenthesized(one.Problem))
	}
	c.add(s.Error != "", "cannot read the search: %s", s.Error)
	return c
}

// complaints lists problems, each with advice.
type complaints []string

func (c *complaints) add(bad bool, format string, args ...any) {
	if bad {
		*c = append(*c, fmt.Sprintf(format, args...))
	}
}

// judge collects the problems of a source. Problems of the task come first.
func (s *SourceStatus) judge(o outputs.Outputs, shared SearchStatus, maxLag time.Duration) []string {
	c := complaints{}
	add := c.add
	s.judgeTask(add)
	for _, t := range s.Tables.List {
		add(t.State == task.TableError || t.State == task.TableCancelled, "table %s: %s: read the task's log, then run `cdc start --reload-table %s`", t.Name, t.State, t.Name)
	}
	for _, name := range s.Tables.NotLoaded {
		if strings.Contains(name, "%") {
			add(true, "no table of the task matches %s: check that one exists, then run `cdc stop` and `cdc start`", name)
			continue
		}
		add(true, "table %s is not loaded: run `cdc start --reload-table %s`", name, name)
	}
	for _, t := range s.DDL.Tables {
		add(true, "%s", t.problem())
	}
	s.judgeSlots(add)
	s.judgeLag(add, maxLag)
	add(s.Parked.Objects > 0, "%s parked, the newest s3://%s/%s: read the reason in it, then apply those of the current state with `cdc replay --parked-only`, and those of the lake's tables with `cdc tables replay`", count(s.Parked.Objects, "object is", "objects are"), o.LakeBucket, s.Parked.Newest)
	for _, t := range s.Current.Tables {
		add(t.Shown == 0, "the alias of %s shows none of its epochs: run `cdc epoch list`, then `cdc epoch switch --table %s`", t.Name, t.Name)
		add(t.Shown > 0 && t.Shown != t.Latest, "the current index of %s shows epoch %d, with the rows as of %s, but epoch %d is the latest: run `cdc epoch switch --table %s` when it is loaded",
			t.Name, t.Shown, timestamp(t.Until), t.Latest, t.Name)
	}
	s.LakeTables.judge(add)
	for _, part := range []struct{ what, err string }{
		{"the task", s.Task.Error}, {"the tables", s.Tables.Error}, {"the definitions of the tables", s.DDL.Error}, {"the lag", s.Lag.Error}, {"the parked objects", s.Parked.Error}, {"the current state", s.Current.Error}, {"the lake's tables", s.LakeTables.Error},
	} {
		add(part.err != "", "cannot read %s: %s", part.what, part.err)
	}
	add(shared.Error == "" && s.Search.Error != "", "cannot read the search: %s", s.Search.Error)
	for i, problem := range c {
		c[i] = advice.Of(o.Source, problem)
	}
	return c
}

func (s *SourceStatus) judgeTask(add func(bool, string, ...any)) {
	t := s.Task
	switch {
	case t.State == "" || t.State == task.StateRunning: // it runs, or another problem reports the error
	case t.State == task.StateStopped && strings.Contains(t.StopReason, task.LoadFinished):
	case t.State == task.StateStopped || t.State == task.StateReady:
		add(true, "the task is %s%s: run `cdc start`", t.State, parenthesized(t.StopReason))
	case t.State == task.StateFailed:
		log := orElse(t.LogGroup, "in CloudWatch")
		if t.LogStream != "" {
			log += ", stream " + t.LogStream
		}
		add(true, "the task failed%s: %s: fix the cause, then run `cdc start`; its log is %s", parenthesized(t.StopReason), orElse(t.LastFailure, "DMS gives no message"), log)
	default:
		add(true, "the task is %s and not running yet: wait, then look again", t.State)
	}
}

func (s *SourceStatus) judgeLag(add func(bool, string, ...any), maxLag time.Duration) {
	for _, lag := range []struct {
		seconds *float64
		limit   time.Duration
		what    string
	}{
		{s.Lag.SourceSeconds, maxLag, "the task is %s late in reading the database"},
		{s.Lag.TargetSeconds, maxLag, "the task is %s late in writing to the stream"},
		{s.Lag.StreamSeconds, maxLag, "a consumer is %s late in reading the stream"},
		{s.Lag.SearchSeconds, maxHeld, "the search delivery has held a record for %s"},
		{s.Lag.LakeSeconds, maxHeld, "the lake delivery has held a record for %s"},
	} {
		add(lag.seconds != nil && *lag.seconds > lag.limit.Seconds(), lag.what+", more than %s", duration(lag.seconds), lag.limit)
	}
}

func timestamp(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func parenthesized(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
