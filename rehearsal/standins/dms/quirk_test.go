package dms

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

func TestAQuirkIsOfOneTableAndOfFinishedRecords(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.service.Quirk("dms_test", "plain", func(r Record) []Record {
		switch text := string(r.Data); {
		case strings.Contains(text, "lost"):
			return nil
		case strings.Contains(text, "twice"):
			return []Record{r, {Key: "other", Data: []byte(strings.ToUpper(text))}}
		default:
			return []Record{r}
		}
	})
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('lost'), ('twice'), ('once'); CREATE TABLE dms_test.later (id INT PRIMARY KEY, name VARCHAR(9)); INSERT INTO dms_test.later VALUES (1, 'lost')")
	s.until(func() bool { return s.counted("later").Inserts == 1 })
	require.EqualValues(t, 3, s.counted("plain").Inserts, "DMS counts what it believes to have written")
	require.Len(t, s.of("plain", "insert"), 2)
	require.Len(t, s.of("later", "insert"), 1)
	var others int
	for _, r := range s.records() {
		if r.key == "other" {
			others++
		}
	}
	require.Equal(t, 1, others)

	s.service.Quirk("dms_test", "plain", nil)
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('lost')")
	s.until(func() bool { return s.counted("plain").Inserts == 4 })
	require.Len(t, s.of("plain", "insert"), 3)
}
