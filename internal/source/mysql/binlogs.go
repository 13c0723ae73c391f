package mysql

import (
	"context"
	"fmt"
	"strconv"
)

// checkBinaryLogs checks the parts of the binary log that variables alone do not show.
func (r *run) checkBinaryLogs(ctx context.Context) {
	for _, check := range []func(context.Context) error{r.checkEnhanced, r.checkSizes, r.checkReplica} {
		if err := check(ctx); err != nil {
			r.broke(fmt.Errorf("looking at the binary log: %w", err))
		}
	}
}

// checkEnhanced: DMS does not read Aurora's enhanced binary log. A status, beside the parameter, shows whether it is
// on: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Enhanced.binlog.html.
func (r *run) checkEnhanced(ctx context.Context) error {
	const name = "aurora_enhanced_binlog"
	state, err := r.status(ctx, name)
	if err != nil {
		return err
	}
	f := Finding{Check: name, Status: OK, Value: state}
	switch parameter := r.server.variables[name]; {
	case state == "ACTIVE", parameter == "ON", parameter == "1":
		f.Value = "ACTIVE"
		f.Status, f.Advice = Failed, "set aurora_enhanced_binlog to 0, binlog_backup to 1 and binlog_replication_globaldb to 1 in the cluster's parameter group and restart the writer: DMS does not read it"
	case state == "" && parameter == "":
		f.Status = NotApplicable
	}
	r.add(f)
	return nil
}

// maxBinaryLog is how much DMS reads of one binlog file, in bytes. A transaction is always in one file.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations
const maxBinaryLog = 4 << 30

// checkSizes finds files at which DMS may fail. It learns nothing without the privilege to list them.
func (r *run) checkSizes(ctx context.Context) error {
	rows, err := r.db.Query(ctx, "SHOW BINARY LOGS")
	if IsServerError(err, errNoBinaryLog, errSpecialPrivilege) {
		return nil
	}
	if err != nil {
		return err
	}
	f := Finding{Check: "size of binary logs", Status: OK, Value: "below 4 GB"}
	for _, row := range rows {
		if size, err := strconv.ParseInt(row[1], 10, 64); err == nil && size > maxBinaryLog {
			f.Status, f.Value = Warning, fmt.Sprintf("%d bytes of %s", size, row[0])
			f.Advice = "write less in one transaction: DMS may fail at a file of more than 4 GB"
		}
	}
	r.add(f)
	return nil
}

// checkReplica: a replica writes received changes to its own binary log only when it is configured to.
func (r *run) checkReplica(ctx context.Context) error {
	variable := "log_replica_updates"
	value, known := r.server.variables[variable]
	if !known {
		variable = "log_slave_updates"
		value, known = r.server.variables[variable]
	}
	f := Finding{Check: variable, Status: OK, Value: value}
	switch {
	case !known:
		f.Status = NotApplicable
	case value == "OFF" || value == "0":
		replica, err := r.replica(ctx)
		if err != nil {
			return err
		}
		f.Value += ", for a server that is no replica"
		if replica {
			f.Status, f.Value, f.Advice = Failed, value, "set "+variable+" to ON"+inParameterGroup+", or name the server that this one is a replica of in source.existing"
		}
	}
	r.add(f)
	return nil
}

// replica reports whether the server replicates from another one, as far as the user may see.
func (r *run) replica(ctx context.Context) (bool, error) {
	rows, err := r.db.Query(ctx, "SHOW REPLICA STATUS")
	if IsServerError(err, errSyntax) {
		rows, err = r.db.Query(ctx, "SHOW SLAVE STATUS")
	}
	if IsServerError(err, errSpecialPrivilege) {
		return false, nil
	}
	return len(rows) > 0, err
}
