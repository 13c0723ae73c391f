package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// server holds the server's version and settings.
type server struct {
	version  string
	number   int // 170006 for 17.6
	settings map[string]string
	database string
	// admin is the session's user.
	admin string
	// recovering means that the server replays another one's log: a reader.
	recovering bool
	// rds means that Amazon runs the server. There membership in a role allows replication, not a user attribute.
	rds bool
}

const (
	settingsQuery = "SELECT name, setting FROM pg_settings"
	aboutQuery    = `SELECT current_database(), current_user, pg_is_in_recovery(), to_regproc('aurora_version') IS NOT NULL,
EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_replication'), coalesce(current_setting('rds.logical_replication', true), '')`
	auroraQuery = "SELECT aurora_version()"
)

// truth is the text for true in query results.
const truth = "t"

const logicalReplication = "rds.logical_replication"

func identify(ctx context.Context, db Admin) (server, error) {
	rows, err := db.Query(ctx, settingsQuery)
	if err != nil {
		return server{}, err
	}
	s := server{settings: make(map[string]string, len(rows))}
	for _, row := range rows {
		s.settings[row[0]] = row[1]
	}
	about, err := db.Query(ctx, aboutQuery)
	if err != nil {
		return server{}, err
	}
	a := about[0]
	s.database, s.admin, s.recovering, s.rds = a[0], a[1], a[2] == truth, a[4] == truth
	if a[5] != "" { // not every server lists it among its settings
		s.settings[logicalReplication] = a[5]
	}
	s.version = s.settings["server_version"]
	s.number, _ = strconv.Atoi(s.settings["server_version_num"]) // digits
	if a[3] == truth {
		aurora, err := db.Query(ctx, auroraQuery)
		if err != nil {
			return server{}, err
		}
		s.version += " (Aurora " + aurora[0][0] + ")"
	}
	return s, nil
}

// The checks without which nothing can be prepared.
const (
	checkWriter  = "writer"
	checkVersion = "server version"
)

// The oldest and the newest major version that AWS documents and that this package's queries support,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Introduction.Sources.html.
const (
	oldest = 10
	newest = 17
)

const inParameterGroup = " in the parameter group (Aurora: the cluster's; your own server: its configuration)"

// checkServer checks the settings: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html and
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.AssessmentReport.PG.html.
func (r *run) checkServer() {
	r.checkVersion()
	r.checkWriter()
	r.checkLogical()
	r.checkSenderTimeout()
	r.checkSlotLimit()
	r.checkEncryption()
	r.checkUncarried()
}

func (r *run) checkVersion() {
	f := Finding{Check: checkVersion, Status: OK, Value: r.server.version}
	switch major := r.server.number / 10000; {
	case major < oldest:
		f.Status, f.Advice = Failed, fmt.Sprintf("upgrade to PostgreSQL %d or newer", oldest)
	case major > newest:
		f.Status, f.Advice = Warning, fmt.Sprintf("AWS documents DMS for PostgreSQL up to %d: see that it has come to support this one", newest)
	}
	r.add(f)
}

// checkWriter finds a reader, which is read-only.
func (r *run) checkWriter() {
	f := Finding{Check: checkWriter, Status: OK, Value: "not in recovery"}
	if r.server.recovering {
		f.Status, f.Value, f.Advice = Failed, "in recovery", "name the writer's host (Aurora: the cluster endpoint), not a reader's"
	}
	r.add(f)
}

// checkLogical: on RDS one parameter sets everything for logical decoding, and needs a restart.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Replication.Logical.html
func (r *run) checkLogical() {
	value, known := r.server.settings[logicalReplication]
	on := value == "1" || strings.EqualFold(value, "on")
	f := Finding{Check: logicalReplication, Status: OK, Value: value}
	switch {
	case !known && !r.server.rds:
		f.Status = NotApplicable
	case !known:
		f.Status, f.Value = NotApplicable, "not shown"
	case !on:
		f.Status, f.Advice = Failed, "set "+logicalReplication+" to 1"+inParameterGroup+" and restart the writer"
	}
	r.add(f)
	f = Finding{Check: "wal_level", Status: OK, Value: r.server.settings["wal_level"]}
	if f.Value != "logical" {
		f.Status = Failed
		switch {
		case on:
			f.Advice = "restart the writer: " + logicalReplication + " is set, and takes effect then"
		case r.server.rds:
			f.Advice = "set " + logicalReplication + " to 1" + inParameterGroup + " and restart the writer"
		default:
			f.Tell(Failed, " as a superuser, and restart the server", "ALTER SYSTEM SET wal_level = 'logical'")
		}
	}
	r.add(f)
}

// The values of wal_sender_timeout that DMS accepts, in milliseconds.
const (
	leastSenderTimeout = 10_000
	mostSenderTimeout  = 300_000
)

func (r *run) checkSenderTimeout() {
	const setting = "wal_sender_timeout"
	f := Finding{Check: setting, Status: OK, Value: r.server.settings[setting] + " ms"}
	switch ms, err := strconv.Atoi(r.server.settings[setting]); {
	case err != nil:
		f.Status, f.Value = NotApplicable, ""
	case ms != 0 && ms < leastSenderTimeout:
		f.Status, f.Advice = Failed, fmt.Sprintf("set %s to 0, or to %d ms or more,%s", setting, leastSenderTimeout, inParameterGroup)
	case ms == 0 || ms > mostSenderTimeout:
		f.Status, f.Advice = Warning, fmt.Sprintf("set %s to %d ms or less%s: a slot stays taken for so long when the DMS instance fails over",
			setting, mostSenderTimeout, inParameterGroup)
	}
	r.add(f)
}

// checkSlotLimit warns when an absent task could fill the disk. With a limit the slot is lost instead, and a reload
// repairs that.
func (r *run) checkSlotLimit() {
	const setting = "max_slot_wal_keep_size"
	value, known := r.server.settings[setting]
	f := Finding{Check: setting, Status: OK, Value: value + " MB"}
	switch {
	case !known:
		f.Status, f.Value = NotApplicable, ""
	case value == "-1":
		f.Status, f.Value = Warning, "-1, no limit"
		f.Advice = "set " + setting + inParameterGroup + " to what the disk can spare: while DMS is away, the server keeps its log without end, " +
			"and stops when the disk is full"
	}
	r.add(f)
}

func (r *run) checkEncryption() {
	f := Finding{Check: "ssl", Status: OK, Value: r.server.settings["ssl"]}
	if f.Value != "on" && !r.server.rds {
		f.Status, f.Advice = Failed, "set ssl to on in the server's configuration: DMS logs in over TLS alone"
	}
	r.add(f)
}

// checkUncarried lists what DMS carries from no table, for readers of the findings. Nothing in the database can
// change that.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations
func (r *run) checkUncarried() {
	r.add(Finding{Check: "TRUNCATE", Status: OK, Value: "carried by no record: empty followed tables by DELETE"})
	r.add(Finding{
		Check: "changes of definitions", Status: OK,
		Value: "not captured, since captureDdls is off: deploy and reload a followed table after ALTER TABLE",
	})
}
