package mysql

import (
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"slices"
	"strings"
)

// leastRetention is the minimum of source.binlogRetentionHours, in hours.
const leastRetention = 24

// checkRetention checks how long the binary log is kept, without changing it.
func (r *run) checkRetention(ctx context.Context) {
	want := r.req.BinlogRetentionHours
	hours, onRDS, err := r.retention(ctx)
	switch {
	case err != nil:
		r.broke(fmt.Errorf("reading the binary log's retention: %w", err))
	case onRDS && hours >= want:
		r.add(Finding{Check: retentionCheck, Status: OK, Value: fmt.Sprintf("%d h", hours)})
	case onRDS:
		f := Finding{Check: retentionCheck, Value: fmt.Sprintf("%d h", hours)}
		otherwise := " as the administrator"
		if hours >= leastRetention {
			otherwise += fmt.Sprintf(", or lower source.binlogRetentionHours from %d to %d", want, hours)
		}
		f.Tell(Failed, otherwise, retentionCall(want))
		r.add(f)
	case r.server.amazon():
		r.add(Finding{
			Check: retentionCheck, Status: Warning, Value: "hidden from this user",
			Advice: fmt.Sprintf("be sure that '%s' is at least %d, or let the user of source.existing.secretArn read mysql.rds_configuration", retentionSetting, want),
		})
	default:
		r.checkExpiry(want)
	}
}

// amazon reports whether RDS runs the server, judging by its variables: RDS has its own program folder.
func (s server) amazon() bool {
	_, aurora := s.variables["aurora_version"]
	return aurora || strings.HasPrefix(s.variables["basedir"], "/rdsdbbin")
}

// checkUser checks the replication user without changing it.
func (r *run) checkUser(ctx context.Context) {
	r.checkLogin(ctx)
	has, err := privilegesBy(ctx, r.db, " WHERE SUBSTRING_INDEX(grantee, '''@''', 1) = ?", "'"+r.user.Username)
	if err != nil {
		r.broke(fmt.Errorf("reading the privileges of user %s: %w", r.user, err))
		return
	}
	r.add(r.privilegesFinding(has, r.wanted(), func(wanted privilege) bool {
		return slices.ContainsFunc(has, func(p privilege) bool { return p.covers(wanted) })
	}))
}

// covers reports whether p includes the other privilege.
func (p privilege) covers(other privilege) bool {
	if p.name != other.name {
		return false
	}
	if p.on == everything || p.on == other.on {
		return true
	}
	database, all := strings.CutSuffix(p.on, "`.*")
	theirs, _, ofDatabase := strings.Cut(other.on, "`.")
	return all && ofDatabase && table.Match(unescaped(database), unescaped(theirs))
}

func unescaped(database string) string { return strings.ReplaceAll(database, `\_`, "_") }

// checkAddress finds a secret with a wrong address: DMS connects to the host and port in the secret.
func (r *run) checkAddress(context.Context) {
	if r.req.secretAddress == "" {
		return
	}
	f := Finding{Check: "host and port in the replication secret", Status: OK, Value: r.req.secretAddress}
	if want := fmt.Sprintf("%s:%d", r.req.Host, r.req.Port); f.Value != want {
		f.Status, f.Advice = Failed, fmt.Sprintf("write %s into it (source.replicationSecretArn), or correct source.existing", want)
	}
	r.add(f)
}
