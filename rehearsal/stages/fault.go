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

// fault is something that breaks while rows are written, and what makes it whole again.
type fault struct {
	// name of the fault in the report, and what is done in a sentence.
	name, what string
	// short ones are those of the part faults.
	short bool
	// inject breaks it. It stays broken for so long; heal mends it, unless it mends itself.
	inject func(context.Context, *scene) error
	lasts  time.Duration
	heal   func(context.Context, *scene) error
	// load is what is written meanwhile; usual where nothing is said.
	load tool.Load
	// after is what has to be so when everything has arrived, beside what is checked after every fault.
	after func(context.Context, *scene) error
	// last is a fault of another course, which nothing comes after: it writes, breaks, mends and compares itself.
	last func(context.Context, *scene) error
	// alarm says of an alarm's name whether it is the one that tells of this fault.
	alarm func(name string) bool
}

const (
	// limit of a fault, from where it begins to where it is mended.
	faultLimit = time.Minute
	// usualRows are written at usualRate a second while something is broken.
	usualRows, usualRate = 300, 30
	// faultMix of inserts, updates and deletes: many changes of the same rows.
	faultMix = "45/40/15"
)

// usualPace of the deliveries: the lake's buffer would hold up the comparison after each fault for a minute.
var usualPace = firehose.Pace{Interval: 3 * time.Second}

// scene is one fault in a running world.
type scene struct {
	*Run
	fault  *fault
	domain *opensearch.Domain
	// want is what the sinks have when everything has been delivered.
	want *expected
	// journal is the name of the writer's, writer its outcome, once it was waited for.
	journal string
	writer  chan error
	// met is how much the domain had refused before.
	met int64
	// parked is how many records the function has parked, beyond those of before, when all is well.
	parked int
	// found is the fault's report.
	found report.FaultRun
}

// faults are all of them, in the order in which they are run: what takes the stack apart comes last.
func faults() []fault {
	return slices.Concat(kills, refusals, mistakes, inputs, alterations, reshardings, deployments)
}

// shortFaults are those of the part faults.
func shortFaults() []fault {
	return slices.DeleteFunc(faults(), func(f fault) bool { return !f.short })
}

// chosenFaults are those of some names.
func chosenFaults(names []string) []fault {
	return slices.DeleteFunc(faults(), func(f fault) bool { return !slices.Contains(names, f.name) })
}

// FaultsInTurn runs the short faults one after the other. What they came to is kept beside that of other faults.
func FaultsInTurn(ctx context.Context, r *Run) error {
	kept, err := readFaultRuns(r)
	if err != nil {
		return err
	}
	return runFaults(ctx, r, kept, shortFaults())
}

// EveryFault runs all faults that were not survived at this commit yet, but for those that end the stack.
func EveryFault(ctx context.Context, r *Run) error {
	return everyFault(ctx, r, func(f fault) bool { return f.last == nil })
}

// LastFault runs the one that ends the stack, and writes docs/reliability.md when none is left.
func LastFault(ctx context.Context, r *Run) error {
	if err := everyFault(ctx, r, func(f fault) bool { return f.last != nil }); err != nil {
		return err
	}
	kept, err := readFaultRuns(r)
	if err != nil || len(r.chosen) > 0 {
		return err
	}
	return kept.page(r).Write(r.Project) //nolint:wrapcheck // names the file
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

// runFaults runs faults one after the other. One that the pipeline does not survive does not stop the others.
func runFaults(ctx context.Context, r *Run, kept *faultRuns, chosen []fault) error {
	domain, ok := r.World.Domains.Domain(r.output("searchDomainName"))
	if !ok {
		return fmt.Errorf("the domain %s does not exist", r.output("searchDomainName"))
	}
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
			return err //nolint:wrapcheck // names the server
		}
	}
	return nil
}

// runFault runs one fault. It gives back what the sinks have then: nil where nobody knows, because it went wrong. Its error is one for
// which the others cannot be run either.
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
	if len(r.timeline.Faults) == known { // one of another course, or none that began
		r.timeline.Faults = append(r.timeline.Faults, r.timeline.Span(f.name, began, err != nil))
	}
	if ctx.Err() != nil {
		return s.found, nil, ctx.Err() //nolint:wrapcheck // interrupted: it is run again next time
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

// run has the fault while rows are written, then compares everything.
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

// breakAndMend makes the fault, waits until its alarm has fired, and ends it.
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
	if s.fault.heal != nil { // in any case: what follows needs it whole
		err = errors.Join(err, s.fault.heal(context.WithoutCancel(ctx), s))
	}
	s.timeline.Faults = append(s.timeline.Faults, s.timeline.Span(s.fault.name, began, err != nil))
	return err
}

// write writes rows until as many as the fault says are there.
func (s *scene) write(ctx context.Context) {
	s.rounds++
	l := s.fault.load
	l.Journal, l.Seed = s.journal, 500+s.rounds
	if l.Mix == "" {
		l.Mix = faultMix
	}
	if l.Count == 0 {
		l.Count, l.Rate = usualRows, usualRate
		if s.down(0) > 0 { // it lasts until its alarm has fired
			l.Count *= 3
		}
	}
	if l.Tables == nil {
		l.Tables = tables
	}
	go func() { s.writer <- s.Tool.Generate(ctx, l) }()
}

// awaitRows waits until changes come: a fault before them would be none.
func (s *scene) awaitRows(ctx context.Context, before int) error {
	return until(ctx, "changes come", func() (bool, error) { return read(s.Run) > before+5, nil })
}

// written waits for the writer, and adds what it has committed to what the sinks have to have.
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

// writeAlso writes more rows, by a journal of their own, and waits until they are written.
func (s *scene) writeAlso(ctx context.Context, journal string, l tool.Load) error {
	s.rounds++
	l.Journal, l.Seed = journal, 500+s.rounds
	if l.Mix == "" {
		l.Mix = faultMix
	}
	if err := s.Tool.Generate(ctx, l); err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	return s.wants(journal)
}

// wants adds what a journal has.
func (s *scene) wants(journal string) error {
	changes, err := written(s.Run, journal)
	if err != nil {
		return err
	}
	s.found.Written += len(changes)
	s.want.add(changes)
	return nil
}

// compareDelivered compares what was delivered with what was committed. A task that begins again where it was counts some changes twice, and
// so may say that it has read everything too early: what is missing then gets some more time.
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

// compare waits until all is delivered, then compares it: every change is in the history and in the lake, the current indices equal the
// tables, and the changes of a row have versions in their order.
func (s *scene) compare(ctx context.Context) error {
	if err := s.compareDelivered(ctx); err != nil {
		return err
	}
	if _, _, err := compareCurrent(ctx, s.Run); err != nil {
		return err
	}
	return orderKept(ctx, s.Run, s.journal)
}
