package currentstate

import "encoding/json"

// Namespace is the CloudWatch namespace of the function's metrics. Their only dimension is Function, its name.
const Namespace = "CDCPipeline/CurrentState"

// metric has a name, a unit and a value.
type metric struct {
	name, unit string
	value      int64
}

// metrics returns the metrics of a batch. It includes Lag only if a change was indexed.
func (o Outcome) metrics() []metric {
	m := []metric{
		{"Applied", "Count", int64(o.Applied)},
		{"Superseded", "Count", int64(o.Superseded)},
		{"Parked", "Count", int64(len(o.Parked))},
		{"ControlRecords", "Count", int64(o.Control)},
		{"Retired", "Count", int64(o.Retired)},
		{"KeyChanges", "Count", int64(o.keyChanges)},
	}
	if o.Lag > 0 {
		m = append(m, metric{"Lag", "Milliseconds", o.Lag.Milliseconds()})
	}
	return m
}

// report writes metrics in the embedded format:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
func (f *Function) report(metrics []metric) {
	definitions := make([]object, len(metrics))
	line := object{"Function": f.settings.Function}
	for i, m := range metrics {
		definitions[i] = object{"Name": m.name, "Unit": m.unit}
		line[m.name] = m.value
	}
	line["_aws"] = object{
		"Timestamp":         f.deps.Now().UnixMilli(),
		"CloudWatchMetrics": []object{{"Namespace": Namespace, "Dimensions": [][]string{{"Function"}}, "Metrics": definitions}},
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = f.deps.Metrics.Write(append(text, '\n'))
	}
	if err != nil {
		f.deps.Log.Error("writing metrics", "error", err)
	}
}
