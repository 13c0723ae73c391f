package dashboard

import (
	"cdcpipeline/rehearsal/standins/cloudwatch"
	"cdcpipeline/rehearsal/standins/cloudwatch/evaluation"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const body = `{"widgets":[
 {"type":"alarm","x":0,"y":0,"width":24,"height":4,"properties":{"title":"Alarms","alarms":["arn:aws:cloudwatch:us-east-1:1:alarm:cdc-latency","arn:aws:cloudwatch:us-east-1:1:alarm:cdc-red"]}},
 {"type":"text","x":0,"y":4,"width":24,"height":2,"properties":{"markdown":"## From the database to what is searched"}},
 {"type":"metric","x":0,"y":6,"width":4,"height":6,"properties":{"title":"Latency","yAxis":{"left":{"label":"seconds"}},"metrics":[
  ["AWS/DMS","CDCLatencySource","Instance","i","Task","t",{"stat":"Maximum","period":60,"label":"Commit to read","yAxis":"left"}],
  [".","CDCLatencyTarget",".",".",".","."],["...","u",{"visible":false}]]}},
 {"type":"metric","x":4,"y":6,"width":4,"height":6,"properties":{"title":"Stream","stat":"Sum","period":60,"yAxis":{"left":{"label":"records"},"right":{"label":"bytes"}},
  "metrics":[["AWS/Kinesis","IncomingRecords"],["AWS/Kinesis","IncomingBytes",{"yAxis":"right"}]]}}]}`

type fake struct{}

var began = time.Unix(1_000_000, 0)

func (fake) Published(m cloudwatch.Metric) evaluation.Series {
	if m.Name == "CDCLatencyTarget" {
		return nil
	}
	var s evaluation.Series
	for i := range 120 {
		s = append(s, evaluation.Point{At: began.Add(time.Duration(i) * time.Second), Value: float64(i % 7 * 1000)})
	}
	return s
}

func (fake) OnlyAWS(m cloudwatch.Metric) bool { return m.Name == "CDCLatencyTarget" }

func (fake) States() map[string]cloudwatch.State {
	return map[string]cloudwatch.State{"cdc-latency": {Value: evaluation.OK}, "cdc-red": {Value: evaluation.Alarm}}
}

func (fake) Pass(period time.Duration) time.Duration { return period / 30 }

func TestADashboardIsDrawnAsItIsDeclared(t *testing.T) {
	b, err := Parse(body)
	require.NoError(t, err)
	picture, err := Draw(b, "Values of a test", fake{})
	require.NoError(t, err)
	for _, words := range []string{"<svg", "Alarms", "cdc-latency", "From the database to what is searched", "Latency", "Commit to read", "CDCLatencyTarget (AWS only)", "seconds", "IncomingBytes", "bytes", "Values of a test"} {
		require.Contains(t, string(picture), words)
	}
	if to := os.Getenv("KEEP_PICTURE"); to != "" {
		require.NoError(t, os.WriteFile(to, picture, 0o600))
	}
}

func TestMetricsOfAWidgetMayBeShortened(t *testing.T) {
	b, err := Parse(body)
	require.NoError(t, err)
	lines, err := b.Widgets[2].Lines()
	require.NoError(t, err)
	require.Len(t, lines, 2, "one is not visible")
	require.Equal(t, map[string]string{"Instance": "i", "Task": "t"}, lines[1].Dimensions)
	require.Equal(t, Line{Metric: lines[1].Metric, Label: "CDCLatencyTarget", Stat: "Average", Period: 5 * time.Minute}, lines[1])
	require.Equal(t, []any{"Maximum", time.Minute}, []any{lines[0].Stat, lines[0].Period})
	right, err := b.Widgets[3].Lines()
	require.NoError(t, err)
	require.Equal(t, []any{"Sum", time.Minute, true}, []any{right[1].Stat, right[1].Period, right[1].Right})
}

func TestWhatIsNoDashboardIsRefused(t *testing.T) {
	for _, text := range []string{
		`{"widgets":[{"type":"metric","x":20,"y":0,"width":6,"height":6}]}`, `{"widgets":[{"type":"metric","x":0,"y":0,"width":6,"height":6,"properties":{"metrics":[["AWS/DMS"]]}}]}`,
		`{"widgets":[{"type":"metric","x":0,"y":0,"width":6,"height":6,"properties":{"metrics":[["AWS/DMS",{"stat":"Sum"},"x"]]}}]}`, `[]`,
	} {
		_, err := Parse(text)
		require.Error(t, err, text)
	}
	b, err := Parse(`{"widgets":[{"type":"log","x":0,"y":0,"width":6,"height":6}]}`)
	require.NoError(t, err)
	_, err = Draw(b, "", fake{})
	require.ErrorContains(t, err, `its type "log" is not known`)
}
