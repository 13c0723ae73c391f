package status

import (
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/task"
	"fmt"
	"strings"
	"time"
)

// maxHeld is how old a record in a delivery may get: the longest buffer is 900 s, and a delivery tries again for a while.
const maxHeld = 20 * time.Minute

// judge collects what is wrong, the task first, each with what to do about it.
func (s *Status) judge(o outputs.Outputs, maxLag time.Duration) {
	s.Problems = []string{}
	add := func(bad bool, format string, args ...any) {
		if bad {
			s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
		}
	}
	s.judgeTask(add)
	for _, t := range s.Tables.List {
		add(t.State == task.TableError || t.State == task.TableCancelled, "table %s: %s: see the task's log, then `cdc start --reload-table %s`", t.Name, t.State, t.Name)
	}
	for _, name := range s.Tables.NotLoaded {
		if strings.Contains(name, "%") {
			add(true, "no table of the task matches %s: see that one exists, then `cdc stop` and `cdc start`", name)
			continue
		}
		add(true, "table %s is not loaded: `cdc start --reload-table %s`", name, name)
	}
	for _, t := range s.DDL.Tables {
		add(true, "%s", t.problem())
	}
	s.judgeLag(add, maxLag)
	add(s.Parked.Objects > 0, "%s parked, the newest s3://%s/%s: each names the reason; `cdc replay --parked-only` applies those of the current state again, `cdc tables replay` those of the lake's tables", count(s.Parked.Objects, "object is", "objects are"), o.LakeBucket, s.Parked.Newest)
	add(s.Search.Cluster == "red", "the domain is red: some index has lost a primary shard")
	for _, c := range s.Search.Collections {
		add(!c.Active(), "the collection %s is %s%s: `aws opensearchserverless batch-get-collection --names %[1]s`, then `pulumi up`", c.Name, orElse(c.Status, "missing"), parenthesized(c.Problem))
	}
	for _, t := range s.Current.Tables {
		add(t.Shown == 0, "the alias of %s shows none of its epochs: `cdc epoch list`, then `cdc epoch switch --table %s`", t.Name, t.Name)
		add(t.Shown > 0 && t.Shown != t.Latest, "the current index of %s shows epoch %d, the rows as of %s, and epoch %d is the latest: `cdc epoch switch --table %s` when it is loaded",
			t.Name, t.Shown, timestamp(t.Until), t.Latest, t.Name)
	}
	s.LakeTables.judge(add)
	for _, part := range []struct{ what, err string }{
		{"task", s.Task.Error}, {"tables", s.Tables.Error}, {"definitions of the tables", s.DDL.Error}, {"lag", s.Lag.Error}, {"parked objects", s.Parked.Error}, {"search", s.Search.Error}, {"current state", s.Current.Error}, {"the lake's tables", s.LakeTables.Error},
	} {
		add(part.err != "", "%s unreadable: %s", part.what, part.err)
	}
	s.Healthy = len(s.Problems) == 0
}

func (s *Status) judgeTask(add func(bool, string, ...any)) {
	t := s.Task
	switch {
	case t.State == "" || t.State == task.StateRunning: // unreadable, which is said elsewhere, or as it should be
	case t.State == task.StateStopped && strings.Contains(t.StopReason, task.LoadFinished):
	case t.State == task.StateStopped || t.State == task.StateReady:
		add(true, "the task is %s%s: `cdc start`", t.State, parenthesized(t.StopReason))
	case t.State == task.StateFailed:
		log := orElse(t.LogGroup, "in CloudWatch")
		if t.LogStream != "" {
			log += ", stream " + t.LogStream
		}
		add(true, "the task failed%s: %s: mend the cause, then `cdc start`; its log is %s", parenthesized(t.StopReason), orElse(t.LastFailure, "DMS gives no message"), log)
	default:
		add(true, "the task is %s: not running yet", t.State)
	}
}

func (s *Status) judgeLag(add func(bool, string, ...any), maxLag time.Duration) {
	for _, lag := range []struct {
		seconds *float64
		limit   time.Duration
		what    string
	}{
		{s.Lag.SourceSeconds, maxLag, "the task reads the database %s late"},
		{s.Lag.TargetSeconds, maxLag, "the task writes the stream %s late"},
		{s.Lag.StreamSeconds, maxLag, "a consumer reads the stream %s late"},
		{s.Lag.SearchSeconds, maxHeld, "the search delivery holds a record for %s"},
		{s.Lag.LakeSeconds, maxHeld, "the lake delivery holds a record for %s"},
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
