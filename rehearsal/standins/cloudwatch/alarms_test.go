package cloudwatch

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/cloudwatch/evaluation"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/firehose"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"log/slog"
	"math"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/require"
)

// scene is an account whose alarms are evaluated with a minute of half a second.
type scene struct {
	*Alarms
	t       *testing.T
	client  *cloudwatch.Client
	logs    string
	seconds atomic.Int64 // latency that the stand-in publishes; negative: none
}

const patience = 30 * time.Second

func newScene(t *testing.T) *scene {
	t.Helper()
	target, err := url.Parse(storestest.Moto(t))
	require.NoError(t, err)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	proxy := controlplane.New(target, log)
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	acc := account.New(server.URL)
	s := &scene{t: t, client: cloudwatch.NewFromConfig(acc.Config()), logs: t.TempDir()}
	s.Alarms = New(acc, log, Options{Scale: 120, Longest: 2 * time.Second, Logs: s.logs, Measures: []Measure{{
		Names: []string{"AWS/DMS CDCLatencySource"},
		Read: func(context.Context) ([]Reading, error) {
			if seconds := s.seconds.Load(); seconds >= 0 {
				return []Reading{aged("AWS/DMS", "CDCLatencySource", float64(seconds), "Task", "t")}, nil
			}
			return nil, nil
		},
	}}})
	s.Attach(proxy)
	t.Cleanup(s.Start(t.Context()))
	return s
}

// alarm declares an alarm over two one-minute periods; change may edit it.
func (s *scene) alarm(name, namespace, metric string, threshold float64, change func(*cloudwatch.PutMetricAlarmInput)) {
	s.t.Helper()
	name = s.named(name)
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: &namespace, MetricName: &metric, Dimensions: []types.Dimension{dimension("Task", "t")}, Threshold: &threshold,
		Statistic: types.StatisticMaximum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(2), DatapointsToAlarm: aws.Int32(2),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"),
		AlarmActions: []string{"arn:aws:sns:us-east-1:123456789012:topic"},
	}
	if change != nil {
		change(in)
	}
	_, err := s.client.PutMetricAlarm(s.t.Context(), in)
	require.NoError(s.t, err)
	s.t.Cleanup(func() {
		_, err := s.client.DeleteAlarms(context.Background(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
		require.NoError(s.t, err)
	})
}

func (s *scene) composite(name, rule string) {
	s.t.Helper()
	name = s.named(name)
	_, err := s.client.PutCompositeAlarm(s.t.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: &name, AlarmRule: &rule, AlarmActions: []string{"arn:aws:sns:us-east-1:123456789012:topic"},
	})
	require.NoError(s.t, err)
	s.t.Cleanup(func() {
		_, err := s.client.DeleteAlarms(context.Background(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
		require.NoError(s.t, err)
	})
}

// named is a name that is unique among tests, which share an account.
func (s *scene) named(name string) string { return s.t.Name() + "-" + name }

func (s *scene) becomes(name, value string) {
	s.t.Helper()
	require.NoError(s.t, s.Await(s.t.Context(), func(other string) bool { return other == s.named(name) }, value, patience))
}

func TestAnAlarmFiresByWhatIsPublishedAndIsSilentAgain(t *testing.T) {
	s := newScene(t)
	s.alarm("latency", "AWS/DMS", "CDCLatencySource", 300, nil)
	s.composite("behind", `ALARM("`+s.named("latency")+`") OR FALSE`)
	s.seconds.Store(1)
	s.becomes("latency", evaluation.OK)
	s.becomes("behind", evaluation.OK)
	s.seconds.Store(3) // six minutes by the alarms' clock
	s.becomes("latency", evaluation.Alarm)
	s.becomes("behind", evaluation.Alarm)
	s.seconds.Store(0)
	s.becomes("latency", evaluation.OK)
	s.becomes("behind", evaluation.OK)
	require.Equal(t, 1, s.States()[s.named("latency")].Fired)
	var fired []string
	for _, f := range s.Firings() {
		if f.Name == s.named("latency") || f.Name == s.named("behind") {
			require.Truef(t, f.Until.After(f.Since), "%+v", f)
			fired = append(fired, f.Name)
		}
	}
	require.ElementsMatch(t, []string{s.named("latency"), s.named("behind")}, fired)
	require.Equal(t, []string{s.named("behind")}, s.Made(s.named("latency")))
	require.NotContains(t, s.Injected(), s.named("latency"))
	require.NoError(t, s.Err())
}

func TestTheControlPlaneKnowsTheStateOfAnAlarm(t *testing.T) {
	s := newScene(t)
	s.seconds.Store(30)
	s.alarm("latency", "AWS/DMS", "CDCLatencySource", 300, nil)
	s.becomes("latency", evaluation.Alarm)
	require.Eventually(t, func() bool {
		out, err := s.client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{s.named("latency")}})
		return err == nil && len(out.MetricAlarms) == 1 && out.MetricAlarms[0].StateValue == types.StateValueAlarm
	}, patience, 50*time.Millisecond)
}

func TestAnAlarmOfLifeFiresWhenNothingIsPublished(t *testing.T) {
	s := newScene(t)
	s.seconds.Store(1)
	s.alarm("running", "AWS/DMS", "CDCLatencySource", 1, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.ComparisonOperator, in.TreatMissingData = types.StatisticSampleCount, types.ComparisonOperatorLessThanThreshold, aws.String("breaching")
	})
	s.becomes("running", evaluation.OK)
	s.seconds.Store(-1)
	s.becomes("running", evaluation.Alarm)
	s.seconds.Store(1)
	s.becomes("running", evaluation.OK)
	require.NoError(t, s.Break(s.named("running")))
	s.becomes("running", evaluation.Alarm)
	require.NoError(t, s.Mend(s.named("running")))
	s.becomes("running", evaluation.OK)
}

func TestWhatOnlyAWSPublishesIsInjected(t *testing.T) {
	s := newScene(t)
	s.alarm("memory", "AWS/DMS", "FreeableMemory", 100e6, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.ComparisonOperator, in.TreatMissingData = types.StatisticMinimum, types.ComparisonOperatorLessThanThreshold, aws.String("missing")
		in.Period, in.EvaluationPeriods, in.DatapointsToAlarm = aws.Int32(3600), aws.Int32(1), nil
	})
	s.alarm("latency", "AWS/DMS", "CDCLatencySource", 300, nil)
	s.becomes("memory", evaluation.OK)
	require.Contains(t, s.Injected(), s.named("memory"))
	require.NotContains(t, s.Injected(), s.named("latency"))
	s.Inject("AWS/DMS", "FreeableMemory", map[string]string{"Task": "t"}, 1e6)
	s.becomes("memory", evaluation.Alarm)
	s.Heal("AWS/DMS", "FreeableMemory", map[string]string{"Task": "t"})
	s.becomes("memory", evaluation.OK)
}

func TestWhatIsInjectedStandsForWhatIsPublished(t *testing.T) {
	s := newScene(t)
	s.alarm("latency", "AWS/DMS", "CDCLatencySource", 300, func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = types.StatisticMinimum })
	s.becomes("latency", evaluation.OK)
	require.NoError(t, s.Break(s.named("latency")))
	s.becomes("latency", evaluation.Alarm)
	require.Contains(t, s.Injected(), s.named("latency"))
	require.NoError(t, s.Mend(s.named("latency")))
	s.becomes("latency", evaluation.OK)
	require.Error(t, s.Break("nobody"))
}

func TestAnAlarmOnOtherDimensionsThanThePublishedOnesIsDeaf(t *testing.T) {
	s := newScene(t)
	other := func(in *cloudwatch.PutMetricAlarmInput) { in.Dimensions = []types.Dimension{dimension("Task", "u")} }
	s.alarm("right", "AWS/DMS", "CDCLatencySource", 300, nil)
	s.alarm("wrong", "AWS/DMS", "CDCLatencySource", 300, other)
	s.alarm("elsewhere", "AWS/DMS", "FreeableMemory", 300, other)
	s.becomes("right", evaluation.OK)
	s.becomes("elsewhere", evaluation.OK)
	require.Eventually(t, func() bool { return slices.Equal(s.Deaf(), []string{s.named("wrong")}) }, patience, look)
	require.ErrorContains(t, s.Break(s.named("wrong")), "nobody publishes")
	require.NoError(t, s.Break(s.named("elsewhere")))
	s.becomes("elsewhere", evaluation.Alarm)
}

func TestAFunctionPublishesInItsLogOrByACall(t *testing.T) {
	s := newScene(t)
	byLog := []types.Dimension{dimension("Function", "f")}
	s.alarm("parked", "CDCPipeline/CurrentState", "Parked", 0, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Dimensions, in.Statistic, in.DatapointsToAlarm = byLog, types.StatisticSum, aws.Int32(1)
	})
	s.alarm("refused", "cdc-pipeline/tables", "RefusedRecords", 0, func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(1) })
	s.becomes("parked", evaluation.OK)
	line := `{"Function":"f","Applied":3,"Parked":2,"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"CDCPipeline/CurrentState","Dimensions":[["Function"]],` +
		`"Metrics":[{"Name":"Applied","Unit":"Count"},{"Name":"Parked","Unit":"Count"}]}]}}` + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(s.logs, "f.log"), []byte("a log line\n"+line+`{"_aws":{"CloudWatchMetrics"`), 0o600))
	s.becomes("parked", evaluation.Alarm)
	s.becomes("parked", evaluation.OK)
	require.Equal(t, 3.0, s.Published(Metric{"CDCPipeline/CurrentState", "Applied", map[string]string{"Function": "f"}})[0].Value)
	_, err := s.client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("cdc-pipeline/tables"), MetricData: []types.MetricDatum{
		{MetricName: aws.String("StoppedTables"), Value: aws.Float64(0)},
		{MetricName: aws.String("RefusedRecords"), Value: aws.Float64(4), Dimensions: []types.Dimension{dimension("Task", "t")}},
	}})
	require.NoError(t, err)
	s.becomes("refused", evaluation.Alarm)
	s.becomes("refused", evaluation.OK)
}

func TestAlarmsThatTellNobodyOrCannotBeEvaluatedAreNamed(t *testing.T) {
	s := newScene(t)
	s.alarm("dumb", "AWS/DMS", "CDCLatencySource", 300, func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = nil })
	s.alarm("odd", "AWS/DMS", "CDCLatencySource", 300, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.ExtendedStatistic = "", aws.String("p99")
		in.ComparisonOperator = types.ComparisonOperatorGreaterThanUpperThreshold
	})
	s.composite("lost", `ALARM("nobody")`)
	s.becomes("dumb", evaluation.OK)
	require.Eventually(t, func() bool { return s.States()[s.named("lost")].Value == evaluation.OK }, patience, look)
	require.Equal(t, []string{s.named("dumb")}, s.Dumb())
	err := s.Err()
	require.ErrorContains(t, err, s.named("odd")+": the rehearsal does not know the comparison")
	require.ErrorContains(t, err, s.named("lost")+": it names nobody, which is not declared")
}

func TestAnAlarmThatIsDeletedIsEvaluatedNoMore(t *testing.T) {
	s := newScene(t)
	s.alarm("latency", "AWS/DMS", "CDCLatencySource", 300, nil)
	s.becomes("latency", evaluation.OK)
	_, err := s.client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{s.named("latency")}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(s.States()) == 0 }, patience, look)
	require.ErrorContains(t, s.Await(t.Context(), func(string) bool { return true }, evaluation.OK, time.Millisecond), "no such alarm is declared")
}

func TestPublishedMetricsAreReadAsFormAndAsJSON(t *testing.T) {
	form := url.Values{
		"Namespace": {"n"}, "MetricData.member.1.MetricName": {"a"}, "MetricData.member.1.Value": {"1.5"}, "MetricData.member.1.Dimensions.member.1.Name": {"d"},
		"MetricData.member.1.Dimensions.member.1.Value": {"v"}, "MetricData.member.2.MetricName": {"b"}, "MetricData.member.2.Values.member.1": {"2"},
		"MetricData.member.2.Values.member.2": {"3"}, "MetricData.member.2.Counts.member.1": {"1"}, "MetricData.member.2.Counts.member.2": {"2"},
	}.Encode()
	object := `{"Namespace":"n","MetricData":[{"MetricName":"a","Value":1.5,"Dimensions":[{"Name":"d","Value":"v"}]},{"MetricName":"b","Values":[2,3],"Counts":[1,2]}]}`
	want := []Reading{newReading("n", "a", 1.5, "d", "v"), newReading("n", "b", 2), newReading("n", "b", 3), newReading("n", "b", 3)}
	for media, body := range map[string]string{"application/x-www-form-urlencoded; charset=utf-8": form, "application/x-amz-json-1.0": object} {
		got, err := published(media, []byte(body))
		require.NoError(t, err)
		require.Equal(t, want, got, media)
	}
	none, err := published("application/x-amz-json-1.0", []byte(strings.Replace(object, `"n"`, `"AWS/DMS"`, 1)))
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = published("text/plain", nil)
	require.Error(t, err)
}

func TestABufferWaitsForItsIntervalByThisMachinesClock(t *testing.T) {
	for seconds, grows := range map[float64]float64{5: 0, 60: 0, 75: 15} {
		now := firehoseStats(seconds)
		for _, r := range delivered("d", firehoseReading(), now, now) {
			if strings.HasSuffix(r.Name, "DataFreshness") {
				require.InDelta(t, seconds, r.Value, 1e-9)
				require.InDelta(t, grows, r.Grows, 1e-9)
			}
		}
	}
}

func TestHealthyAndBreachingValuesAreOnTheirSidesOfTheThreshold(t *testing.T) {
	for _, comparison := range []string{"GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"} {
		for _, threshold := range []float64{-5, 0, 1, 1e9} {
			d := &declared{comparison: comparison, threshold: threshold, statistic: "Maximum"}
			healthy, err := evaluation.Compare(d.healthy(), comparison, threshold)
			require.NoError(t, err)
			require.Equal(t, evaluation.WithinThreshold, healthy, "%s %v", comparison, threshold)
			breaching, err := evaluation.Compare(d.breaching(), comparison, threshold)
			require.NoError(t, err)
			require.Equal(t, evaluation.Breaching, breaching, "%s %v", comparison, threshold)
		}
	}
	require.True(t, math.IsNaN((&declared{comparison: "LessThanThreshold", threshold: 1, statistic: "SampleCount"}).breaching()))
}

func TestWhatIsWrittenToAStreamIsCountedWithoutDecodingIt(t *testing.T) {
	s := &streams{into: map[string]*written{}}
	s.count([]byte(`{"Records":[{"Data":"eyJ4IjoxfQ==","PartitionKey":"a"},{"Data":"eyJ4IjoxfQ==","PartitionKey":"b"}],"StreamName":"changes"}`), []byte(`{"FailedRecordCount":1}`))
	s.count([]byte(`{"Data":"eyJ4IjoxfQ==","PartitionKey":"a","StreamARN":"arn:aws:kinesis:us-east-1:1:stream/changes"}`), []byte(`{}`))
	got := map[string]float64{}
	for _, r := range s.read() {
		require.Equal(t, map[string]string{"StreamName": "changes"}, r.Dimensions)
		got[r.Name] = r.Value
	}
	require.Equal(t, 3.0, got["IncomingRecords"])
	require.Equal(t, 1.0, got["WriteProvisionedThroughputExceeded"])
	require.Zero(t, s.read()[0].Value, "only what was written since")
}

func firehoseStats(seconds float64) firehose.Stats {
	return firehose.Stats{Oldest: time.Duration(seconds * float64(time.Second))}
}

func firehoseReading() firehose.Reading { return firehose.Reading{Stream: "s", Interval: time.Minute} }
