package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/standins/firehose"
	"cdcpipeline/rehearsal/standins/opensearch"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// fault is a failure that happens while rows are written, with its repair.
type fault struct {
	// name in the report, and a sentence about what happens.
	name, what string
	// short faults belong to the part faults.
	short bool
	// inject causes the fault and waits as long as it should last. heal repairs it, unless it repairs itself.
	inject func(context.Context, *scene) error
	lasts  time.Duration
	heal   func(context.Context, *scene) error
	// load is written during the fault; the usual load by default.
	load tool.Load
	// after is an extra check when everything has arrived, beside those after every fault.
	after func(context.Context, *scene) error
	// last replaces the usual course of a fault after which no other can run: it writes, breaks, repairs and compares
	// itself.
	last func(context.Context, *scene) error
	// alarm reports whether an alarm's name is the one for this fault.
	alarm func(name string) bool
}

const (
	// Time limit of a fault, from its start to its repair.
	faultLimit = time.Minute
	// usualRows are written at usualRate per second during a fault.
	usualRows, usualRate = 300, 30
	// faultMix of inserts, updates and deletes, with many changes of the same rows.
	faultMix = "45/40/15"
)

// usualPace of the deliveries. The lake's default buffer would delay the comparison after each fault by a minute.
var usualPace = firehose.Pace{Interval: 3 * time.Second}

// scene is one fault in a running world.
type scene struct {
	*Run
	fault  *fault
	domain *opensearch.Domain
	// want is what the sinks should have when everything is delivered.
	want *expected
	// journal is the writer's journal, writer its result once it has finished.
	journal string
	writer  chan error
	// met is how much the domain had refused before.
	met int64
	// parked is how many records the function should have parked in this fault.
	parked int
	// found is the fault's report.
	found report.FaultRun
}

// faults lists all faults in the order of execution: those that destroy the stack come last.
func faults() []fault {
	return slices.Concat(kills, refusals, mistakes, inputs, alterations, reshardings, deployments)
}

// shortFaults are those of the part faults.
func shortFaults() []fault {
	return slices.DeleteFunc(faults(), func(f fault) bool { return !f.short })
}

// chosenFaults are those with these names.
func chosenFaults(names []string) []fault {
	return slices.DeleteFunc(faults(), func(f fault) bool { return !slices.Contains(names, f.name) })
}

// FaultsInTurn runs the short faults one after the other. Their results are stored beside those of other faults.
func FaultsInTurn(ctx context.Context, r *Run) error {
	kept, err := readFaultRuns(r)
	if err != nil {
		return err
	}
	return runFaults(ctx, r, kept, shortFaults())
}

// EveryFault runs all faults that were not survived at this commit yet, except those that end the stack.
func EveryFault(ctx context.Context, r *Run) error {
	return everyFault(ctx, r, func(f fault) bool { return f.last == nil })
}

// LastFault runs the fault that ends the stack, and writes docs/reliability.md when none is left.
func LastFault(ctx context.Context, r *Run) error {
	if err := everyFault(ctx, r, func(f fault) bool { return f.last != nil }); err != nil {
		return err
	}
	kept, err := readFaultRuns(r)
	if err != nil || len(r.chosen) > 0 {
		return err
	}
	return kept.page(r).Write(r.Project) //nolint:wrapcheck // the error names the file
}

func everyFault(ctx context.Context, r *Run, now func(fault) bool) error {
	kept, err := readFaultRuns(r)
	if err != nil {
		return err
	}
	chosen := chosenFaults(r.chosen)
	if len(r.chosen) == 0 {
		chosen = kept.left(faults())
	}
	return runFaults(ctx, r, kept, slices.DeleteFunc(chosen, func(f fault) bool { return !now(f) }))
}

// runFaults runs faults one after the other. A fault that the pipeline does not survive does not stop the others.
func runFaults(ctx context.Context, r *Run, kept *faultRuns, chosen []fault) error {
	domain, ok := r.World.Domains.Domain(r.output("searchDomainName"))
	if !ok {
		return fmt.Errorf("the domain %s does not exist", r.output("searchDomainName"))
	}
	// A first look cannot say what happened to a table that was altered before it: an operator has looked before. Whether all is well, others ask.
	_, _ = r.Tool.Run(ctx, "status-before-faults", 0, "status", "--ca", r.Tool.CA)
	r.World.Firehose.Hurry(usualPace)
	defer r.World.Firehose.Hurry(firehose.Pace{})
	defer func() { r.Report.FaultRuns = kept.runs() }()
	var want *expected
	for i := range chosen {
		f := &chosen[i]
		r.Log.Detail("fault %d of %d, %s: %s", i+1, len(chosen), f.name, f.what)
		run, after, err := r.runFault(ctx, domain, f, want)
		if err != nil {
			return err
		}
		want = after
		if err := kept.keep(run); err != nil {
			return err
		}
		if err := r.World.Healthy(); err != nil {
			return err //nolint:wrapcheck // the error names the server
		}
	}
	return nil
}

// runFault runs one fault. It returns what the sinks then have, or nil when the fault went wrong and nobody knows.
// Its error means that the other faults cannot run either.
func (r *Run) runFault(ctx context.Context, domain *opensearch.Domain, f *fault, want *expected) (report.FaultRun, *expected, error) {
	if want == nil {
		now, err := standing(ctx, r)
		if err != nil {
			return report.FaultRun{}, nil, err
		}
		want = now
	}
	s := &scene{Run: r, fault: f, domain: domain, want: want, journal: "fault-" + f.name, writer: make(chan error, 1)}
	s.found = report.FaultRun{Name: f.name, What: f.what}
	run := s.run
	if f.last != nil {
		run = func(ctx context.Context) error { return f.last(ctx, s) }
	}
	began, known := time.Now(), len(r.timeline.Faults)
	err := run(ctx)
	if len(r.timeline.Faults) == known { // it has its own course, or did not begin
		r.timeline.Faults = append(r.timeline.Faults, r.timeline.Span(f.name, began, err != nil))
	}
	if ctx.Err() != nil {
		return s.found, nil, ctx.Err() //nolint:wrapcheck // interrupted: it runs again next time
	}
	if err != nil {
		s.found.Problem, want = err.Error(), nil
	}
	r.Log.Detail("%+v", s.found)
	return s.found, want, nil
}

// standing is what the sinks have now, whatever was refused before.
func standing(ctx context.Context, r *Run) (*expected, error) {
	if err := r.World.Firehose.Drain(ctx); err != nil {
		return nil, fmt.Errorf("waiting for the deliveries: %w", err)
	}
	now := &expected{read: read(r), parked: map[string]int64{}}
	for name, s := range r.World.Firehose.Stats() {
		now.parked[name] = s.Parked
	}
	err := settle(ctx, r, *now)
	if err != nil {
		return nil, err
	}
	if now.history, err = history(ctx, r, r.searched().history); err != nil {
		return nil, err
	}
	now.lake, err = lake(ctx, r)
	return now, err
}

// run causes the fault while rows are written, then compares everything.
func (s *scene) run(ctx context.Context) error {
	parked, err := parkedRecords(ctx, s.Run)
	if err != nil {
		return err
	}
	watch := s.watchAlarm()
	began := read(s.Run)
	s.write(ctx)
	if err := s.awaitRows(ctx, began); err != nil {
		return errors.Join(err, s.written())
	}
	broken := s.breakAndMend(ctx, watch)
	healed := time.Now()
	if err := errors.Join(broken, s.written()); err != nil {
		return err
	}
	if err := s.compare(ctx); err != nil {
		return err
	}
	s.found.RecoveredSeconds = round(time.Since(healed).Seconds())
	now, err := parkedRecords(ctx, s.Run)
	if err != nil {
		return err
	}
	if s.found.Parked = now - parked; s.found.Parked != s.parked {
		return fmt.Errorf("the function has parked %d records, not %d", s.found.Parked, s.parked)
	}
	if s.fault.after != nil {
		if err := s.fault.after(ctx, s); err != nil {
			return err
		}
	}
	return watch.silent(ctx)
}

// breakAndMend causes the fault, waits until its alarm has fired, and repairs it.
func (s *scene) breakAndMend(ctx context.Context, watch *watchedAlarm) error {
	limited, cancel := context.WithTimeout(ctx, faultLimit)
	defer cancel()
	began := time.Now()
	err := s.fault.inject(limited, s)
	if err == nil {
		err = pause(limited, s.fault.lasts)
	}
	if err == nil {
		s.found.Alarm, s.found.Fired, err = watch.fired(limited)
	}
	if s.fault.heal != nil { // always: the next steps need it repaired
		err = errors.Join(err, s.fault.heal(context.WithoutCancel(ctx), s))
	}
	s.timeline.Faults = append(s.timeline.Faults, s.timeline.Span(s.fault.name, began, err != nil))
	return err
}

// write writes as many rows as the fault asks for.
func (s *scene) write(ctx context.Context) {
	s.rounds++
	l := s.fault.load
	l.Journal, l.Seed = s.journal, 500+s.rounds
	if l.Mix == "" {
		l.Mix = faultMix
	}
	if l.Count == 0 {
		l.Count, l.Rate = usualRows, usualRate
		if s.down(0) > 0 { // continue until its alarm has fired
			l.Count *= 3
		}
	}
	if l.Tables == nil {
		l.Tables = tables
	}
	go func() { s.writer <- s.Tool.Generate(ctx, l) }()
}

// awaitRows waits until changes arrive, because a fault before them would have no effect.
func (s *scene) awaitRows(ctx context.Context, before int) error {
	return waitUntil(ctx, "changes come", func() (bool, error) { return read(s.Run) > before+5, nil })
}

// written waits for the writer, and adds its commits to the expected content of the sinks.
func (s *scene) written() error {
	if s.writer == nil {
		return nil
	}
	err := <-s.writer
	s.writer = nil
	if err != nil {
		return fmt.Errorf("writing rows: %w", err)
	}
	return s.wants(s.journal)
}

// writeAlso writes more rows to another journal and waits until they are written.
func (s *scene) writeAlso(ctx context.Context, journal string, l tool.Load) error {
	s.rounds++
	l.Journal, l.Seed = journal, 500+s.rounds
	if l.Mix == "" {
		l.Mix = faultMix
	}
	if err := s.Tool.Generate(ctx, l); err != nil {
		return err //nolint:wrapcheck // the error names what was done
	}
	return s.wants(journal)
}

// wants adds a journal's content.
func (s *scene) wants(journal string) error {
	changes, err := written(s.Run, journal)
	if err != nil {
		return err
	}
	s.found.Written += len(changes)
	s.want.add(changes)
	return nil
}

// compareDelivered compares delivered with committed changes. A restarted task counts some changes twice, so it may
// report too early that it has read everything. Missing changes then get some more time.
func (s *scene) compareDelivered(ctx context.Context) error {
	for began := time.Now(); ; {
		if err := catchUp(ctx, s.Run, *s.want); err != nil {
			return err
		}
		inHistory, inLake, err := compareSinks(ctx, s.Run, *s.want)
		s.found.Lost = len(inHistory.Lost) + len(inLake.Lost)
		if err != nil {
			return err
		}
		if s.found.Lost == 0 {
			s.want.read = read(s.Run)
			return nil
		}
		if time.Since(began) > faultLimit {
			first := slices.Concat(inHistory.Lost, inLake.Lost)[0]
			return fmt.Errorf("the history lacks %d changes, the lake %d, the first: %s", len(inHistory.Lost), len(inLake.Lost), first)
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// compare waits until everything is delivered, then compares it. Every change is in the history and in the lake, the
// current indices equal the tables, and the versions of a row's changes are in order.
func (s *scene) compare(ctx context.Context) error {
	if err := s.compareDelivered(ctx); err != nil {
		return err
	}
	if _, _, err := compareCurrent(ctx, s.Run); err != nil {
		return err
	}
	return orderKept(ctx, s.Run, s.journal)
}
