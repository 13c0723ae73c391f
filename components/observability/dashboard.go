package observability

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/metric"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/internal/footprint"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A dashboard is a grid with a width of 24 units,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
const (
	gridWidth    = 24
	graphHeight  = 6
	headerHeight = 2
	alarmHeight  = 4
	// columns of the picture: database, task, stream, readers, sinks, end to end.
	columns = 6
)

// graph is a line chart of several metrics. It leaves out empty metrics; a graph without metrics is left out too.
type graph struct {
	title string
	left  []metric.Metric
	right []metric.Metric
}

func (g graph) lines() int { return len(there(g.left)) + len(there(g.right)) }

// dashboard draws each source as a row, in the order of the README's picture, and below them the shared parts.
func (p *plan) dashboard(ctx *pulumi.Context) error {
	name := footprint.Dashboard(ctx.Project(), ctx.Stack(), p.region)
	d := drawing{region: p.region}
	p.drawAlarms(&d)
	for _, f := range p.Feeds {
		d.header(p.title(f))
		d.columns(p.picture(f))
	}
	for _, domain := range p.Domains {
		d.header("The domain, which all sources share")
		d.columns(ofDomain(domain))
	}
	for _, c := range p.Collections {
		d.header("The collections, which all sources share")
		d.columns(ofCollections(c))
	}
	made, err := cloudwatch.NewDashboard(ctx, p.name+"-dashboard", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(name), DashboardBody: pulumi.JSONMarshal(pulumi.Map{"widgets": d.widgets}),
	}, p.child())
	if err != nil {
		return fmt.Errorf("making the dashboard %s: %w", name, err)
	}
	p.Observability.DashboardName = made.DashboardName
	return nil
}

func (p *plan) title(f *feed.Feed) string {
	if f.Config.Name == "" {
		return "From the database to what is searched"
	}
	return fmt.Sprintf("From the database %s to what is searched", f.Config.Name)
}

// picture draws a source, with one column per part of the way.
func (p *plan) picture(f *feed.Feed) [columns][]graph {
	s, db := f.Stream, f.Source
	var late, delivered, failed, calls, ends []metric.Metric
	behind := []metric.Metric{s.MetricIteratorAge()}
	if l := f.Lake; l != nil {
		behind = append(behind, l.MetricBehind())
		late, delivered, failed = []metric.Metric{l.MetricFreshness()}, []metric.Metric{l.MetricRecords()}, []metric.Metric{l.MetricFailed()}
	}
	for _, d := range f.Deliveries {
		behind = append(behind, d.Search.MetricBehind())
		late = append(late, d.Search.MetricFreshness())
		delivered = append(delivered, d.Search.MetricRecords())
		failed = append(failed, d.Search.MetricFailed())
		if c := d.Current; c != nil {
			behind = append(behind, c.MetricIteratorAge())
			calls = append(calls, c.MetricErrors(), c.MetricThrottles())
			delivered = append(delivered, c.MetricApplied())
			failed = append(failed, c.MetricParked(), c.MetricDropped())
			ends = append(ends, c.MetricLag())
		}
	}
	whole := graph{title: "End to end: commit to row"}
	var found graph
	if c := canaryOf(f); c != nil {
		found = graph{title: "Commit to found", left: []metric.Metric{c.MetricSearchable()}}
	}
	whole.left = ends
	return [columns][]graph{
		{
			{"Database", []metric.Metric{db.MetricCPU()}, []metric.Metric{db.MetricCommits()}},
			{"Its log", []metric.Metric{db.MetricBinlogBytes(), db.MetricSlotBytes()}, nil},
		},
		ofTask(f.Replication),
		{
			{"Stream: records", []metric.Metric{s.MetricIncomingRecords()}, []metric.Metric{s.MetricIncomingBytes()}},
			{"Stream: refused", []metric.Metric{s.MetricWriteThrottled(), s.MetricReadThrottled()}, nil},
		},
		{{"Readers: behind", behind, nil}, {"Readers: calls", calls, nil}},
		{{"Sinks: delivered", delivered, nil}, {"Sinks: not delivered", failed, nil}},
		{whole, {"Age of what is not there yet", late, nil}, found},
	}
}

// ofTask returns the column of the task and its instance. It is empty for a source without a task.
func ofTask(r *replication.Replication) []graph {
	if r == nil {
		return nil
	}
	return []graph{
		{"DMS: latency", []metric.Metric{r.MetricLatencySource(), r.MetricLatencyTarget()}, []metric.Metric{r.MetricIncomingChanges()}},
		{"DMS: instance", []metric.Metric{r.MetricInstanceCPU()}, []metric.Metric{r.MetricFreeableMemory(), r.MetricFreeStorage()}},
	}
}

// ofDomain returns the columns of a domain, which all sources share.
func ofDomain(d *search.Domain) [columns][]graph {
	return [columns][]graph{
		{{"Status", []metric.Metric{d.MetricRed(), d.MetricYellow()}, nil}},
		{{"Writes blocked", []metric.Metric{d.MetricWritesBlocked()}, nil}},
		{{"Storage", []metric.Metric{d.MetricFreeStorage()}, nil}},
		{{"CPU", []metric.Metric{d.MetricCPU()}, nil}},
		{{"Heap", []metric.Metric{d.MetricJVMPressure()}, nil}},
		{{"Snapshots", []metric.Metric{d.MetricSnapshotFailure()}, nil}},
	}
}

func ofCollections(c *search.Collections) [columns][]graph {
	return [columns][]graph{
		{{"Capacity", []metric.Metric{c.MetricIndexingOCU(), c.MetricSearchOCU()}, nil}},
		{{"Refused", []metric.Metric{c.MetricHistoryErrors(), c.MetricCurrentErrors()}, nil}},
	}
}

// drawing places widgets below and beside each other.
type drawing struct {
	region  string
	y       int
	widgets pulumi.Array
}

// drawAlarms draws one line with the state of all alarms, at the top.
func (p *plan) drawAlarms(d *drawing) {
	var arns pulumi.Array
	for _, a := range p.composed {
		arns = append(arns, a.Arn)
	}
	for _, m := range p.made {
		arns = append(arns, m.made.Arn)
	}
	// A widget shows a hundred alarms at most, so the composite ones are first.
	const most = 100
	if len(arns) > 0 {
		d.add("alarm", 0, gridWidth, alarmHeight, pulumi.Map{"title": pulumi.String("Alarms"), "alarms": arns[:min(len(arns), most)]})
		d.y += alarmHeight
	}
}

func (d *drawing) add(kind string, x, width, height int, properties pulumi.Map) {
	d.widgets = append(d.widgets, pulumi.Map{
		"type": pulumi.String(kind), "x": pulumi.Int(x), "y": pulumi.Int(d.y), "width": pulumi.Int(width), "height": pulumi.Int(height), "properties": properties,
	})
}

func (d *drawing) header(title string) {
	d.add("text", 0, gridWidth, headerHeight, pulumi.Map{"markdown": pulumi.String("## " + title)})
	d.y += headerHeight
}

// columns draws columns side by side, and the graphs of each column below each other.
func (d *drawing) columns(all [columns][]graph) {
	top, deepest := d.y, d.y
	const width = gridWidth / columns
	for i, column := range all {
		d.y = top
		for _, g := range column {
			if g.lines() == 0 {
				continue
			}
			d.add("metric", i*width, width, graphHeight, d.properties(g))
			d.y += graphHeight
		}
		deepest = max(deepest, d.y)
	}
	d.y = deepest
}

// properties of a line chart,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
func (d *drawing) properties(g graph) pulumi.Map {
	var lines pulumi.Array
	axes := pulumi.Map{}
	for side, metrics := range map[string][]metric.Metric{"left": there(g.left), "right": there(g.right)} {
		if len(metrics) > 0 {
			axes[side] = pulumi.Map{"label": pulumi.String(metrics[0].Unit), "min": pulumi.Int(0), "showUnits": pulumi.Bool(false)}
		}
	}
	for _, m := range there(g.left) {
		lines = append(lines, line(m, "left"))
	}
	for _, m := range there(g.right) {
		lines = append(lines, line(m, "right"))
	}
	return pulumi.Map{
		"title": pulumi.String(g.title), "region": pulumi.String(d.region), "view": pulumi.String("timeSeries"), "stacked": pulumi.Bool(false),
		"metrics": lines, "yAxis": axes,
	}
}

// line is a metric in the widget's format: namespace, name, each dimension and its value, and how it is drawn.
func line(m metric.Metric, axis string) pulumi.Array {
	all := pulumi.Array{pulumi.String(m.Namespace), pulumi.String(m.Name)}
	for _, dimension := range slices.Sorted(maps.Keys(m.Dimensions)) {
		all = append(all, pulumi.String(dimension), m.Dimensions[dimension])
	}
	return append(all, pulumi.Map{
		"stat": pulumi.String(m.Statistic), "period": pulumi.Int(m.Period), "label": pulumi.String(m.Label), "yAxis": pulumi.String(axis),
	})
}

// there filters out empty metrics.
func there(all []metric.Metric) []metric.Metric {
	return slices.DeleteFunc(slices.Clone(all), metric.Metric.None)
}
