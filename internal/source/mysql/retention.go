package mysql

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"
)

// retentionSetting is RDS's name of the setting,
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/mysql-stored-proc-configuring.html.
const retentionSetting = "binlog retention hours"

const retentionCheck = "binlog retention"

// setRetention makes RDS keep the binary log long enough, or checks that another server does.
func (r *run) setRetention(ctx context.Context) {
	want := r.req.BinlogRetentionHours
	hours, onRDS, err := r.retention(ctx)
	switch {
	case err != nil:
		r.broke(fmt.Errorf("reading the binary log's retention: %w", err))
		return
	case !onRDS:
		r.checkExpiry(want)
		return
	}
	if hours != want {
		if err := r.db.Exec(ctx, retentionCall(want)); err != nil {
			r.broke(fmt.Errorf("setting the binary log's retention to %d hours (the administrator must be allowed to call mysql.rds_set_configuration): %w", want, err))
			return
		}
		r.findings.Change(fmt.Sprintf("%s: %d, was %d", retentionSetting, want, hours))
		if hours, _, err = r.retention(ctx); err != nil {
			r.broke(fmt.Errorf("reading the binary log's retention back: %w", err))
			return
		}
	}
	f := Finding{Check: retentionCheck, Status: OK, Value: fmt.Sprintf("%d h", hours)}
	if hours != want {
		f.Tell(Failed, " as the administrator", retentionCall(want))
	}
	r.add(f)
}

func retentionCall(hours int) string {
	return fmt.Sprintf("CALL mysql.rds_set_configuration('%s', %d)", retentionSetting, hours)
}

// retention returns RDS's setting, with 0 for as short as possible, and whether this is RDS.
func (r *run) retention(ctx context.Context) (hours int, onRDS bool, err error) {
	rows, err := r.db.Query(ctx, "CALL mysql.rds_show_configuration")
	if IsServerError(err, errNoSuchProcedure, errRoutineAccessDenied) {
		rows, err = r.db.Query(ctx, "SELECT name, value FROM mysql.rds_configuration")
	}
	if IsServerError(err, errNoSuchTable, errTableAccessDenied) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	for _, row := range rows {
		if len(row) < 2 || row[0] != retentionSetting || row[1] == "" {
			continue
		}
		if hours, err = strconv.Atoi(row[1]); err != nil {
			return 0, true, fmt.Errorf("%s is %q, not a number", retentionSetting, row[1])
		}
	}
	return hours, true, nil
}

// checkExpiry checks the settings of a server outside RDS; 0 keeps the binary log for ever.
func (r *run) checkExpiry(want int) {
	variable, unit := "binlog_expire_logs_seconds", time.Second
	value, known := r.server.variables[variable]
	if !known {
		variable, unit = "expire_logs_days", 24*time.Hour
		value, known = r.server.variables[variable]
	}
	if !known {
		r.add(Finding{Check: retentionCheck, Status: NotApplicable})
		return
	}
	least := math.Ceil(float64(want) * float64(time.Hour) / float64(unit))
	kept, err := strconv.ParseFloat(value, 64)
	f := Finding{Check: retentionCheck, Status: OK, Value: fmt.Sprintf("%.0f s", kept*unit.Seconds())}
	if err != nil || kept != 0 && kept < least {
		f.Tell(Failed, ", and write it into the server's configuration: this server is not RDS", fmt.Sprintf("SET GLOBAL %s = %.0f", variable, least))
	}
	r.add(f)
}
