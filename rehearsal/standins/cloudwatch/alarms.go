package cloudwatch

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/cloudwatch/evaluation"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

const (
	// defaultScale shortens a minute to two seconds.
	defaultScale = 30
	// defaultLongest is the maximum length of a period. Periods of an hour and more are shortened even further.
	defaultLongest = 10 * time.Second
	// perMinute is how often services publish within one of their minutes. In AWS that is once, but a busy machine
	// may be late.
	perMinute = 2
)

// Options of alarms; the zero value has none.
type Options struct {
	// Scale is how much faster the alarms' clock runs than this machine's; default 30.
	Scale float64
	// Longest is the maximum length of a period; default 10 s.
	Longest time.Duration
	// Logs is the folder with the functions' logs, NAME.log, which contain metrics in the embedded format.
	Logs string
	// Measures are the metrics that stand-ins publish.
	Measures []Measure
}

// Alarms evaluates the control plane's alarms on the metrics of stand-ins and functions. It follows CloudWatch's
// rules, with its own clock: a minute is Scale times shorter than this machine's. Ages that stand-ins publish grow by
// the same factor.
//
// Metrics that only AWS publishes (an instance's memory, a snapshot's age) have a value within the threshold until
// another is injected. The methods are safe for concurrent use.
type Alarms struct {
	options Options
	client  *cloudwatch.Client
	log     *slog.Logger
	logs    *tail
	// changed means that the declarations must be read again.
	changed atomic.Bool
	// supplied are the metrics of stand-ins, as namespace and name.
	supplied map[string]bool

	mu       sync.Mutex
	series   map[string]*series
	injected map[string]float64 // NaN: nothing is published
	declared map[string]*declared
	states   map[string]*State
	invented map[string]bool // alarms evaluated on values that nobody publishes here
	// heard are the namespaces of published metrics, and their dimensions with the namespace.
	heard    map[string]bool
	problems map[string]string
	firings  []Firing
}

// series are the values of one metric: as published, and in the alarms' clock.
type series struct {
	metric            Metric
	published, scaled evaluation.Series
}

// New returns the alarms of an account.
func New(acc account.Account, log *slog.Logger, o Options) *Alarms {
	if o.Scale == 0 {
		o.Scale = defaultScale
	}
	if o.Longest == 0 {
		o.Longest = defaultLongest
	}
	a := &Alarms{
		options: o, client: cloudwatch.NewFromConfig(acc.Config()), log: log.With("service", "cloudwatch"), logs: newTail(o.Logs), supplied: map[string]bool{},
		series: map[string]*series{}, injected: map[string]float64{}, declared: map[string]*declared{}, states: map[string]*State{},
		invented: map[string]bool{}, problems: map[string]string{}, heard: map[string]bool{},
	}
	for _, m := range o.Measures {
		for _, name := range m.Names {
			a.supplied[name] = true
		}
	}
	a.changed.Store(true)
	return a
}

// Attach listens to declarations and published metrics.
func (a *Alarms) Attach(p *controlplane.Proxy) {
	on := func(name string) controlplane.Action { return controlplane.Action{Service: "monitoring", Name: name} }
	for _, name := range []string{"PutMetricAlarm", "PutCompositeAlarm", "DeleteAlarms", "EnableAlarmActions", "DisableAlarmActions"} {
		p.After(on(name), func(context.Context, *controlplane.Call) error {
			a.changed.Store(true)
			return nil
		})
	}
	p.After(on("PutMetricData"), func(_ context.Context, c *controlplane.Call) error {
		readings, err := published(c.Request.Header.Get("Content-Type"), c.RequestBody)
		if err != nil { // the publisher must not fail because of the listener
			a.log.Warn("published metrics are not heard by alarms", "error", err)
		}
		a.Add(readings...)
		return nil
	})
}

// Start publishes and evaluates until stop is called.
func (a *Alarms) Start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	every := a.minute() / perMinute
	var work sync.WaitGroup
	for _, m := range a.options.Measures {
		work.Go(func() {
			repeat(ctx, every, func() {
				if len(a.States()) == 0 { // there are no alarms
					return
				}
				measuring, done := context.WithTimeout(ctx, max(every, measureLimit))
				defer done()
				readings, err := m.Read(measuring)
				if err != nil && ctx.Err() == nil {
					a.log.Debug("something was not measured", "names", m.Names, "error", err)
				}
				a.Add(readings...)
			})
		})
	}
	work.Go(func() {
		repeat(ctx, every, func() {
			if err := a.evaluate(ctx, time.Now()); err != nil && ctx.Err() == nil {
				a.log.Warn("alarms were not evaluated", "error", err)
			}
		})
	})
	return func() {
		cancel()
		work.Wait()
	}
}

// measureLimit limits a measure: a source that does not answer gives no values.
const measureLimit = 3 * time.Second

func repeat(ctx context.Context, every time.Duration, do func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// minute is the length of the alarms' minute.
func (a *Alarms) minute() time.Duration { return time.Duration(float64(time.Minute) / a.options.Scale) }

// Add publishes values now. It drops values of a metric with an injected value.
func (a *Alarms) Add(readings ...Reading) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for _, r := range readings {
		a.heard[r.Namespace], a.heard[r.place()] = true, true
		if _, ok := a.injected[r.key()]; !ok {
			a.put(r, now)
		}
	}
}

// put is Add for one value; the caller holds the lock.
func (a *Alarms) put(r Reading, at time.Time) {
	s := a.series[r.key()]
	if s == nil {
		s = &series{metric: r.Metric}
		a.series[r.key()] = s
	}
	s.published = append(s.published, evaluation.Point{At: at, Value: r.Value})
	s.scaled = append(s.scaled, evaluation.Point{At: at, Value: r.Value + r.Grows*(a.options.Scale-1)})
}
