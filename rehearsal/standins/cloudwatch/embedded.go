package cloudwatch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// tail reads the functions' logs, continuing from its last position.
type tail struct {
	dir  string
	upTo map[string]int64
}

func newTail(dir string) *tail { return &tail{dir, map[string]int64{}} }

// read returns the complete new lines.
func (t *tail) read() ([][]byte, error) {
	if t.dir == "" {
		return nil, nil
	}
	logs, err := filepath.Glob(filepath.Join(t.dir, "*.log"))
	if err != nil {
		return nil, fmt.Errorf("finding the functions' logs: %w", err)
	}
	var lines [][]byte
	for _, path := range logs {
		more, err := contentFrom(path, t.upTo[path])
		if err != nil {
			return nil, err
		}
		whole := more[:bytes.LastIndexByte(more, '\n')+1]
		t.upTo[path] += int64(len(whole))
		if len(whole) > 0 {
			lines = append(lines, bytes.Split(whole[:len(whole)-1], []byte("\n"))...)
		}
	}
	return lines, nil
}

// contentFrom returns a file's content from an offset.
func contentFrom(path string, from int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a function's log: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading a function's log: %w", err)
	}
	more, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("reading a function's log: %w", err)
	}
	return more, nil
}

// embedded reads the metrics in log lines of the embedded format,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html;
// other lines have none.
func embedded(lines [][]byte) []Reading {
	var readings []Reading
	for _, line := range lines {
		if !bytes.Contains(line, []byte(`"CloudWatchMetrics"`)) {
			continue
		}
		var members map[string]json.RawMessage
		var of struct {
			AWS struct {
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		if json.Unmarshal(line, &members) != nil || json.Unmarshal(line, &of) != nil {
			continue // AWS ignores a truncated line too
		}
		for _, directive := range of.AWS.CloudWatchMetrics {
			for _, names := range directive.Dimensions {
				dimensions := map[string]string{}
				for _, name := range names {
					var value string
					_ = json.Unmarshal(members[name], &value)
					dimensions[name] = value
				}
				for _, metric := range directive.Metrics {
					for _, value := range values(members[metric.Name]) {
						readings = append(readings, Reading{Metric: Metric{directive.Namespace, metric.Name, dimensions}, Value: value})
					}
				}
			}
		}
	}
	return readings
}

// values returns the values of a metric in a line: a number, or several.
func values(member json.RawMessage) []float64 {
	var one float64
	if json.Unmarshal(member, &one) == nil {
		return []float64{one}
	}
	var several []float64
	_ = json.Unmarshal(member, &several)
	return several
}
