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
	// defaultScale makes a minute two seconds.
	defaultScale = 30
	// defaultLongest is how long a period takes at most: those of an hour and more pass faster than the others.
	defaultLongest = 10 * time.Second
	// perMinute is how often services publish within a minute of theirs. They do once; a busy machine is late.
	perMinute = 2
)

// Options of alarms; the zero value has none.
type Options struct {
	// Scale is how much faster than this machine's the clock of the alarms goes; 30 when nothing is said.
	Scale float64
	// Longest is how long a period takes at most; 10 s when nothing is said.
	Longest time.Duration
	// Logs is the folder of the functions' logs, NAME.log, in which they publish metrics in the embedded format.
	Logs string
	// Measures are what stand-ins publish.
	Measures []Measure
}

// Alarms evaluates what is declared in the control plane, on what stand-ins and functions publish, by CloudWatch's rules and with a clock
// of its own: a minute is Scale times shorter than this machine's. Ages that stand-ins publish grow by the same factor.
//
// What only AWS publishes (the memory of an instance, the age of a snapshot) has a value within the threshold at all times, until another is
// injected. Its methods may be called from several goroutines.
type Alarms struct {
	options Options
	client  *cloudwatch.Client
	log     *slog.Logger
	logs    *tail
	// changed says that what is declared must be read anew.
	changed atomic.Bool
	// supplied are the metrics that stand-ins publish, as namespace and name.
	supplied map[string]bool

	mu       sync.Mutex
	series   map[string]*series
	injected map[string]float64 // not a number: nothing is published
	declared map[string]*declared
	states   map[string]*State
	invented map[string]bool // alarms that were judged on values that nobody publishes here
	// heard are the namespaces that were published in, and the dimensions, each with its namespace.
	heard    map[string]bool
	problems map[string]string
	firings  []Firing
}

// series are the values of one metric: as they were published, and as the clock of the alarms has them.
type series struct {
	metric            Metric
	published, scaled evaluation.Series
}

// New evaluates the alarms of an account.
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

// Attach hears of what is declared, and of what is published.
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
		if err != nil { // who published has nothing to do with who listens
			a.log.Warn("published metrics are not heard by alarms", "error", err)
		}
		a.Add(readings...)
		return nil
	})
}

// Start begins to publish and to evaluate, until stop is called.
func (a *Alarms) Start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	every := a.minute() / perMinute
	var work sync.WaitGroup
	for _, m := range a.options.Measures {
		work.Go(func() {
			repeat(ctx, every, func() {
				if len(a.States()) == 0 { // nobody asks
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

// measureLimit is how long a measure may take: what does not answer gives no values.
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

// minute is how long one of the alarms' takes.
func (a *Alarms) minute() time.Duration { return time.Duration(float64(time.Minute) / a.options.Scale) }

// Add publishes values, at this moment. Values of a metric for which one is injected are dropped.
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

// put is Add for one value, whose lock is held.
func (a *Alarms) put(r Reading, at time.Time) {
	s := a.series[r.key()]
	if s == nil {
		s = &series{metric: r.Metric}
		a.series[r.key()] = s
	}
	s.published = append(s.published, evaluation.Point{At: at, Value: r.Value})
	s.scaled = append(s.scaled, evaluation.Point{At: at, Value: r.Value + r.Grows*(a.options.Scale-1)})
}
