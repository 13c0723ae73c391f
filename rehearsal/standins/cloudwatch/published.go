package cloudwatch

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// datum is a value in PutMetricData,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html.
type datum struct {
	MetricName string
	Value      *float64
	Values     []float64
	Counts     []float64
	Dimensions []struct{ Name, Value string }
}

// published parses a PutMetricData request, as a form or as JSON. It ignores AWS's own namespaces, which stand-ins
// fill for readers of the control plane; alarms get these values from a [Measure].
func published(contentType string, body []byte) ([]Reading, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("reading the type of published metrics: %w", err)
	}
	var request struct {
		Namespace  string
		MetricData []datum
	}
	switch {
	case strings.Contains(media, "json"):
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, fmt.Errorf("reading published metrics: %w", err)
		}
	case media == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fmt.Errorf("reading published metrics: %w", err)
		}
		request.Namespace, request.MetricData = form.Get("Namespace"), dataOf(form)
	default:
		return nil, fmt.Errorf("reading published metrics: %s is not known (status %d)", media, http.StatusUnsupportedMediaType)
	}
	if strings.HasPrefix(request.Namespace, "AWS/") {
		return nil, nil
	}
	var readings []Reading
	for _, d := range request.MetricData {
		for _, value := range d.all() {
			r := newReading(request.Namespace, d.MetricName, value)
			for _, dimension := range d.Dimensions {
				r.Dimensions[dimension.Name] = dimension.Value
			}
			readings = append(readings, r)
		}
	}
	return readings, nil
}

// all returns the values, each as often as it was counted.
func (d datum) all() []float64 {
	if d.Value != nil {
		return []float64{*d.Value}
	}
	var all []float64
	for i, value := range d.Values {
		times := 1.0
		if i < len(d.Counts) {
			times = d.Counts[i]
		}
		for range int(times) {
			all = append(all, value)
		}
	}
	return all
}

// dataOf parses the members of a form: MetricData.member.1.Dimensions.member.2.Name.
func dataOf(form url.Values) []datum {
	var data []datum
	for i := 1; form.Has(fmt.Sprintf("MetricData.member.%d.MetricName", i)); i++ {
		at := fmt.Sprintf("MetricData.member.%d.", i)
		d := datum{MetricName: form.Get(at + "MetricName")}
		if value, err := strconv.ParseFloat(form.Get(at+"Value"), 64); err == nil {
			d.Value = &value
		}
		d.Values, d.Counts = numbers(form, at+"Values.member."), numbers(form, at+"Counts.member.")
		for j := 1; form.Has(fmt.Sprintf("%sDimensions.member.%d.Name", at, j)); j++ {
			member := fmt.Sprintf("%sDimensions.member.%d.", at, j)
			d.Dimensions = append(d.Dimensions, struct{ Name, Value string }{form.Get(member + "Name"), form.Get(member + "Value")})
		}
		data = append(data, d)
	}
	return data
}

func numbers(form url.Values, prefix string) []float64 {
	var all []float64
	for i := 1; ; i++ {
		value, err := strconv.ParseFloat(form.Get(prefix+strconv.Itoa(i)), 64)
		if err != nil {
			return all
		}
		all = append(all, value)
	}
}
