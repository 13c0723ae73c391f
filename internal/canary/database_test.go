package canary

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rows answers queries by their first words and records the statements.
type rows struct {
	answers map[string][][]string
	ran     []string
}

func (r *rows) Exec(_ context.Context, statement string) error {
	r.ran = append(r.ran, statement)
	return nil
}

func (r *rows) query(query string) ([][]string, error) {
	for begin, answer := range r.answers {
		if len(query) >= len(begin) && query[:len(begin)] == begin {
			return answer, nil
		}
	}
	return nil, errors.New("nobody knows " + query)
}

type mysqlRows struct{ rows }

func (r *mysqlRows) Query(_ context.Context, query string, _ ...any) ([][]string, error) {
	return r.query(query)
}

type postgresRows struct{ rows }

func (r *postgresRows) Query(_ context.Context, query string, _ ...string) ([][]string, error) {
	return r.query(query)
}

func TestTheBinaryLogGoesByTheNumbersOfItsFiles(t *testing.T) {
	for name, files := range map[string][][]string{
		"":          {{"mysql-bin-changelog.000009", "1"}, {"mysql-bin-changelog.000010", "1"}, {"mysql-bin-changelog.1000000", "1"}},
		"no number": {{"mysql-bin", "1"}},
		"there are": {},
	} {
		d := mysqlDatabase{Admin: &mysqlRows{rows{answers: map[string][][]string{"SHOW BINARY LOGS": files}}}}
		log, err := d.Log(t.Context())
		if name != "" {
			require.ErrorContains(t, err, name)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, Log{Oldest: 9, Newest: 1000000}, log)
	}
}

func TestAHeartbeatIsCommittedWhateverTheSessionDoes(t *testing.T) {
	admin := &mysqlRows{rows{answers: map[string][][]string{"SELECT beat": {{"7", "1000"}}}}}
	d := mysqlDatabase{Admin: admin}
	beat, err := d.Beat(t.Context(), time.UnixMilli(2000), 17)
	require.NoError(t, err)
	require.Equal(t, Beat{Number: 7, Began: time.UnixMilli(1000)}, beat)
	require.Equal(t, []string{`INSERT INTO cdc_canary.heartbeat (id, beat, written, began, log) VALUES (1, 1, 2000, 2000, 17)
ON DUPLICATE KEY UPDATE beat = beat + 1, written = 2000, log = 17; COMMIT`}, admin.ran)
	admin.answers["SELECT beat"] = nil
	_, err = d.Beat(t.Context(), time.UnixMilli(2000), 17)
	require.ErrorContains(t, err, "0 rows")
}

func TestMySQLsTablesAreToldApartByTheirCreationAndColumns(t *testing.T) {
	admin := &mysqlRows{rows{answers: map[string][][]string{
		"SELECT table_schema, table_name, DATE_FORMAT": {{"shop", "a", "2026-01-01 00:00:00"}, {"shop", "b", "2026-01-02 00:00:00"}},
		"SELECT table_schema, table_name, column_name,": {
			{"shop", "a", "id", "int", "NO", "", "auto_increment"},
			{"shop", "a", "made", "datetime", "NO", "", "DEFAULT_GENERATED"},
			{"shop", "a", "total", "int", "NO", "", "VIRTUAL GENERATED"},
			{"shop", "a", "pin", "int", "NO", "", "INVISIBLE"},
			{"shop", "b", "id", "int", "YES", "", ""},
			{"shop", "view", "x", "int", "NO", "", ""},
		},
	}}}
	made, err := (&mysqlDatabase{Admin: admin}).Tables(t.Context())
	require.NoError(t, err)
	require.Len(t, made, 2)
	require.Equal(t, "2026-01-01 00:00:00", made["shop.a"].ID)
	require.NotEqual(t, made["shop.a"].Columns, made["shop.b"].Columns)
	require.Equal(t, []string{"id", "made"}, made["shop.a"].Names, "those that DMS carries")
	require.Contains(t, admin.ran, "SET SESSION time_zone = '+00:00'", "the clock of the session may be put back")
}

func TestPostgreSQLsTablesAreToldApartByTheirFilesAndTheNamesOfColumns(t *testing.T) {
	tables := [][]string{{"shop", "a", "16384/16390", `["id", "a, b"]`}, {"shop", "empty", "16385/16391", "[]"}}
	d := postgresDatabase{Admin: &postgresRows{rows{answers: map[string][][]string{"SELECT n.nspname": tables}}}}
	made, err := d.Tables(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]Made{"shop.a": {ID: "16384/16390", Names: []string{"id", "a, b"}}, "shop.empty": {ID: "16385/16391", Names: []string{}}}, made)
	tables[0][3] = "id"
	_, err = d.Tables(t.Context())
	require.ErrorContains(t, err, "listing columns")
}

func TestTheSlotThatIsNearestToItsEndCounts(t *testing.T) {
	for want, slots := range map[int64][][]string{
		-1: {}, -2: {{"reserved", ""}}, 100: {{"reserved", "500"}, {"extended", "100"}, {"reserved", ""}}, 0: {{"reserved", "500"}, {"lost", ""}},
	} {
		d := postgresDatabase{Admin: &postgresRows{rows{answers: map[string][][]string{"SELECT coalesce(to_jsonb": slots}}}}
		log, err := d.Log(t.Context())
		require.NoError(t, err)
		if want < 0 {
			require.Nil(t, log.Bytes)
			continue
		}
		require.Equal(t, want, *log.Bytes)
	}
}

func TestTheChainThatIsGoodForLongestEndsWithItsFirstCertificate(t *testing.T) {
	day := func(n int) *x509.Certificate { return &x509.Certificate{NotAfter: start.AddDate(0, 0, n)} }
	var v verified
	v.see(tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{day(300), day(20), day(900)}, {day(300), day(100)}, {day(300), day(50)}}})
	require.Equal(t, start.AddDate(0, 0, 100), v.Expires())
}

func TestASecretThatLeadsNowhereIsSaid(t *testing.T) {
	for _, text := range []string{`{"username":"a","password":"b"}`, `{"username":"a","password":"b","host":"h"}`, `{"username":"a","password":"b","host":"h","port":"x"}`} {
		_, err := Settings{Secret: "arn"}.Open(t.Context(), secret(text))
		require.ErrorContains(t, err, "lacks host or port")
	}
	_, err := Settings{Secret: "arn"}.Open(t.Context(), secret("hunter2"))
	require.NotContains(t, err.Error(), "hunter2")
}

type secret string

func (s secret) Get(context.Context, string) (string, error) { return string(s), nil }
