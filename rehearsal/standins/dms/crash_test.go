package dms

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

func TestATaskThatCrashesGoesOnWhereItHasNoted(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	require.ErrorContains(t, s.service.Crash(*s.described().ReplicationTaskArn, 0), "does not run")
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('before')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
	require.NoError(t, s.service.Crash(*s.described().ReplicationTaskArn, 10*time.Millisecond))
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('while it was down')")
	s.until(func() bool { return s.counted("plain").Inserts >= 2 })
	s.wait("running")
	require.NoError(t, s.service.Crash(*s.described().ReplicationTaskArn, 10*time.Millisecond))
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('after')")
	s.until(func() bool { return s.counted("plain").Inserts >= 3 })
	require.GreaterOrEqual(t, len(s.of("plain", "insert")), 3)
}
