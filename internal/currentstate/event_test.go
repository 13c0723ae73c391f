package currentstate

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// ofLambda is an event in the form that Lambda writes:
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html.
const ofLambda = `{
    "Records": [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "1",
                "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "approximateArrivalTimestamp": 1545084650.987
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion": "us-east-2",
            "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"
        }
    ]
}`

func TestAnEventOfLambdaIsReadInOnePass(t *testing.T) {
	batch, ok := (&batchReader{}).read([]byte(ofLambda))
	require.True(t, ok)
	require.Equal(t, "Hello, this is a test.", string(batch.Records[0].Kinesis.Data))
}

// FuzzEvents checks that an event which the reader decodes gives the same result as encoding/json.
func FuzzEvents(f *testing.F) {
	f.Add(ofLambda)
	for old, others := range map[string][]string{
		`"1.0"`:          {`null`, `1`, `"\u0031"`, `"1.0","kinesisSchemaVersion":"2"`, `["x"]`},
		`"partitionKey"`: {`"PARTITIONKEY"`, `"partition\u004bey"`, `"partition\u212aey"`, `"new":{"a":[1]},"partitionKey"`},
		`SGVsbG8`:        {`SGVs\nbG8`, `SGVs!bG8`, ``, `SGVsbG`},
		`1545084650.987`: {`"1545084650"`, `null`, `-1e3`, `1e400`, `01`, `0`},
		`"Records"`:      {`"records"`, `"Records":[],"Records"`, `"source":"aws.events","Records"`, `"x"`},
		`"data"`:         {`"Data"`, `"data":"AAAA","data"`},
		`"us-east-2",`:   {`"us-east-2"`, `"us-east-2",,`, `"\xff",`},
		`"Records": [`:   {`"Records": [{},`, `"Records": [null,`, `"Records": {`},
		`{
            "kinesis": {`: {`{"kinesis": {"data":"QUJD"}},{"kinesis":{`},
	} {
		for _, other := range others {
			f.Add(strings.ReplaceAll(ofLambda, old, other))
		}
	}
	var reader batchReader // one reader for all events, as in the function
	f.Fuzz(func(t *testing.T, text string) {
		batch, ok := reader.read([]byte(text))
		if !ok {
			return
		}
		var want events.KinesisEvent
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		require.Len(t, batch.Records, len(want.Records))
		for i := range want.Records {
			if got := &batch.Records[i].Kinesis; len(got.Data) == 0 && len(want.Records[i].Kinesis.Data) == 0 {
				got.Data = want.Records[i].Kinesis.Data // nil and empty are equal here
			}
		}
		require.Equal(t, want, batch)
	})
}

func TestBatchesAreReadAsTheyWereWritten(t *testing.T) {
	var reader batchReader
	text := rapid.StringMatching(`[ -!#-;=?-\[\]-~]{0,80}`) // characters that encoding/json does not escape
	rapid.Check(t, func(t *rapid.T) {
		want := events.KinesisEvent{Records: make([]events.KinesisEventRecord, rapid.IntRange(1, 5).Draw(t, "records"))}
		for i := range want.Records {
			r := &want.Records[i]
			for _, s := range []*string{&r.AwsRegion, &r.EventID, &r.EventSource, &r.EventSourceArn, &r.InvokeIdentityArn, &r.Kinesis.PartitionKey, &r.Kinesis.SequenceNumber} {
				*s = strings.ReplaceAll(text.Draw(t, "text"), "&", "")
			}
			r.Kinesis.Data = rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
			r.Kinesis.ApproximateArrivalTimestamp.Time = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "seconds"), 0)
		}
		event, err := json.Marshal(want)
		require.NoError(t, err)
		got, ok := reader.read(event)
		require.True(t, ok, "%s", event)
		for i := range want.Records { // a floating-point number rounds its fraction
			arrived := &want.Records[i].Kinesis.ApproximateArrivalTimestamp.Time
			require.WithinDuration(t, *arrived, got.Records[i].Kinesis.ApproximateArrivalTimestamp.Time, time.Microsecond)
			*arrived = got.Records[i].Kinesis.ApproximateArrivalTimestamp.Time
		}
		require.Equal(t, want, got)
	})
}

func TestColumnsGetTheNamesOfTheirFieldsHoweverTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z0-9_.%"\\@\[{-]{0,12}`)).Draw(t, "name")
		require.Equal(t, string(appendText(nil, field(name))), string(appendField(nil, name)))
	})
}
