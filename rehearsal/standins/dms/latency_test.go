package dms

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

func TestLatencyIsThatOfWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l latency
		require.Equal(t, Latency{}, l.now(), "nothing was ever captured")
		l.capture(time.Now().Add(-3 * time.Second))
		l.capture(time.Now().Add(-2 * time.Second))
		time.Sleep(10 * time.Second)
		require.Equal(t, Latency{Source: 2 * time.Second, Target: 13 * time.Second}, l.now())
		l.deliver()
		require.Equal(t, Latency{Source: 2 * time.Second, Target: 12 * time.Second}, l.now())
		l.deliver()
		require.Equal(t, Latency{Source: 2 * time.Second, Target: 2 * time.Second}, l.now())
		time.Sleep(time.Minute)
		require.Equal(t, Latency{}, l.now(), "nothing happens any more")
		l.capture(time.Now())
		l.reset()
		l.deliver()
		require.Equal(t, Latency{}, l.now())
	})
}

func TestLatencyIsMeasuredWhileATaskRuns(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueCdc)
	require.Empty(t, s.service.Latencies())
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	require.Equal(t, map[string]Latency{s.task: {}}, s.service.Latencies())
	s.exec("SET timestamp = UNIX_TIMESTAMP() - 100; INSERT INTO dms_test.plain (name) VALUES ('committed 100 s ago, as the binlog says')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
	var late Latency
	s.until(func() bool { // everything is in the stream
		late = s.service.Latencies()[s.task]
		return late.Target == late.Source
	})
	require.InDelta(t, 100, late.Source.Seconds(), 10)
	s.service.Stop(s.task)
	require.Empty(t, s.service.Latencies())
}
