package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	checkLogin      = "replication user's login"
	checkPrivileges = "replication user's privileges"
	checkDecoding   = "logical decoding"
	checkHeartbeat  = "schema of the heartbeat"
)

const (
	userQuery = "SELECT rolcanlogin, rolreplication, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = $1"
	// heartbeatQuery returns a schema's owner, and whether the user may make tables in it.
	heartbeatQuery = `SELECT pg_get_userbyid(nspowner), has_schema_privilege($2::name, oid, 'USAGE') AND has_schema_privilege($2::name, oid, 'CREATE')
FROM pg_namespace WHERE nspname = $1`
)

// role is the replication user in the catalogue.
type role struct {
	exists, login, replication, super, more, passesGuards bool
}

func (r *run) role(ctx context.Context) (role, error) {
	rows, err := r.db.Query(ctx, userQuery, r.user.Username)
	if err != nil {
		return role{}, fmt.Errorf("looking for user %s: %w", r.user, err)
	}
	if len(rows) == 0 {
		return role{}, nil
	}
	is := func(i int) bool { return rows[0][i] == truth }
	return role{exists: true, login: is(0), replication: is(1), super: is(2), more: is(3) || is(4), passesGuards: is(2) || is(5)}, nil
}

// ensureUser sets up the replication user and leaves correct settings alone.
//
// The user has LOGIN and may replicate (on RDS through the role rds_replication, elsewhere through the attribute
// REPLICATION). It may use the schemas and read the followed tables, and owns the schema of DMS's heartbeat. AWS's
// page also asks for rds_superuser or a superuser. That is only needed to capture definitions with an event trigger,
// and captureDdls is off.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.RDSPostgreSQL.NonMasterUser
func (r *run) ensureUser(ctx context.Context) {
	for _, step := range []func(context.Context) error{r.createUser, r.letReplicate, r.grant, r.makeHeartbeat} {
		if err := step(ctx); err != nil {
			r.broke(r.withoutPassword(err))
			return
		}
	}
	r.judgeUser(ctx)
}

// checkUser checks the replication user without changing it.
func (r *run) checkUser(ctx context.Context) {
	role, err := r.role(ctx)
	if err != nil {
		r.broke(err)
		return
	}
	if !role.exists {
		r.add(Finding{
			Check: checkLogin, Status: Failed, Value: "of a user that is not there",
			Advice: "create user " + r.user.Username + " with LOGIN and the password in its secret (source.replicationSecretArn)",
		})
		return
	}
	r.judgeUser(ctx)
	if err := r.checkHeartbeatSchema(ctx); err != nil {
		r.broke(err)
	}
}

// judgeUser finds what an existing user lacks.
func (r *run) judgeUser(ctx context.Context) {
	role, err := r.role(ctx)
	if err == nil {
		r.checkAttributes(role)
		err = r.checkPrivileges(ctx)
	}
	if err == nil {
		err = r.checkGuards(ctx, role)
	}
	if err == nil && r.req.CheckOnly {
		err = r.grantLater(ctx) // the error lists what could not be granted
	}
	if err != nil {
		r.broke(r.withoutPassword(err))
	}
	r.logIn(ctx)
}

// createUser creates the user, or sets the secret's password when the user cannot log in with it.
func (r *run) createUser(ctx context.Context) error {
	role, err := r.role(ctx)
	if err != nil {
		return err
	}
	if !role.exists {
		if err := r.setPassword(ctx, "CREATE"); err != nil {
			return fmt.Errorf("creating user %s (the administrator needs CREATEROLE): %w", r.user, err)
		}
		r.findings.Change("user " + r.user.Username)
		return nil
	}
	session, err := r.login(ctx, r.user)
	if err == nil {
		return session.Close()
	}
	if !Refused(err) {
		return nil // a later check finds and reports it
	}
	if err := r.setPassword(ctx, "ALTER"); err != nil {
		return fmt.Errorf("setting the password of user %s (the administrator must have created it, or be a member of it with ADMIN OPTION): %w", r.user, err)
	}
	r.findings.Change("password of user " + r.user.Username)
	return nil
}

// setPassword creates or alters the user. The server, its log and anybody who sees its statements get only a verifier
// of the password.
func (r *run) setPassword(ctx context.Context, verb string) error {
	verifier, err := Verifier(r.user.Password)
	if err != nil {
		return fmt.Errorf("the password in its secret: %w", err)
	}
	return r.db.Exec(ctx, verb+" ROLE "+r.name()+" LOGIN PASSWORD "+quoteText(verifier))
}

// name is the user as a quoted identifier.
func (r *run) name() string { return quoteName(r.user.Username) }

// letReplicate sets the attribute, which needs a superuser outside RDS. On RDS it comes with the grants.
func (r *run) letReplicate(ctx context.Context) error {
	role, err := r.role(ctx)
	if err != nil || r.server.rds || role.replication || role.super {
		return err
	}
	err = r.db.Exec(ctx, r.replicationStatement())
	switch {
	case IsServerError(err, errPrivilege): // the following check reports it
		return nil
	case err != nil:
		return fmt.Errorf("letting user %s replicate: %w", r.user, err)
	}
	r.findings.Change("REPLICATION of user " + r.user.Username)
	return nil
}

func (r *run) replicationStatement() string { return "ALTER ROLE " + r.name() + " REPLICATION" }

func (r *run) checkAttributes(role role) {
	f := Finding{Check: "replication user's attributes", Status: OK, Value: "LOGIN"}
	if role.replication && !r.server.rds {
		f.Value += ", REPLICATION"
	}
	switch {
	case !r.server.rds && !role.replication && !role.super:
		f.Value = "without REPLICATION"
		f.Tell(Failed, " as a superuser: the administrator is none, and may not", r.replicationStatement())
	case !role.login:
		f.Value = "without LOGIN"
		f.Tell(Failed, " as the administrator", "ALTER ROLE "+r.name()+" LOGIN")
	case role.super || role.more:
		f.Value = "more than LOGIN and REPLICATION"
		f.Tell(Warning, ": DMS needs none of it", "ALTER ROLE "+r.name()+" NOSUPERUSER NOCREATEROLE NOCREATEDB")
	}
	r.add(f)
}

// makeHeartbeat makes the schema for DMS's heartbeat table. A slot advances only when something is written in its
// database; until then it keeps the log of all databases.
func (r *run) makeHeartbeat(ctx context.Context) error {
	schema := r.req.HeartbeatSchema
	rows, err := r.db.Query(ctx, heartbeatQuery, schema, r.user.Username)
	if err != nil {
		return fmt.Errorf("looking for schema %s: %w", schema, err)
	}
	change := ""
	switch {
	case len(rows) == 0:
		change, err = "schema "+schema, r.createHeartbeat(ctx)
	case rows[0][1] != truth:
		change, err = "granted USAGE, CREATE ON SCHEMA "+quoteName(schema), r.db.Exec(ctx, r.heartbeatGrant())
	}
	switch {
	case IsServerError(err, errPrivilege): // the following check reports it
	case err != nil:
		return fmt.Errorf("making schema %s for the heartbeat of DMS: %w", schema, err)
	case change != "":
		r.findings.Change(change)
	}
	return r.checkHeartbeatSchema(ctx)
}

func (r *run) heartbeatGrant() string {
	return "GRANT USAGE, CREATE ON SCHEMA " + quoteName(r.req.HeartbeatSchema) + " TO " + r.name()
}

// createHeartbeat makes the user the schema's owner. For that the administrator must be a member of the user's role,
// and is one only during this statement.
func (r *run) createHeartbeat(ctx context.Context) error {
	create := "CREATE SCHEMA " + quoteName(r.req.HeartbeatSchema) + " AUTHORIZATION " + r.name()
	err := r.db.Exec(ctx, create)
	if IsServerError(err, errPrivilege) {
		admin := quoteName(r.server.admin)
		err = r.db.Exec(ctx, fmt.Sprintf("GRANT %s TO %s; %s; REVOKE %s FROM %s", r.name(), admin, create, r.name(), admin))
	}
	return err
}

func (r *run) checkHeartbeatSchema(ctx context.Context) error {
	rows, err := r.db.Query(ctx, heartbeatQuery, r.req.HeartbeatSchema, r.user.Username)
	if err != nil {
		return fmt.Errorf("looking for schema %s: %w", r.req.HeartbeatSchema, err)
	}
	f := Finding{Check: checkHeartbeat, Status: OK, Value: r.req.HeartbeatSchema}
	switch {
	case len(rows) == 0:
		f.Value = "missing"
		f.Tell(Failed, " as a superuser, or a member of the role: without its heartbeat the slot of DMS keeps the log while only other tables change",
			"CREATE SCHEMA "+quoteName(r.req.HeartbeatSchema)+" AUTHORIZATION "+r.name())
	case rows[0][1] != truth:
		f.Value = "one of " + rows[0][0] + "'s, where the user may make no table"
		f.Tell(Failed, " as "+rows[0][0], r.heartbeatGrant())
	}
	r.add(f)
	return nil
}

// logIn logs in as the user to find out what it may do.
func (r *run) logIn(ctx context.Context) {
	f := Finding{Check: checkLogin, Status: OK, Value: r.user.Username + " over TLS"}
	session, err := r.login(ctx, r.user)
	if err != nil {
		f.Status, f.Value = Failed, r.withoutPassword(err).Error()
		f.Advice = "the replication user must be able to log in from the VPC with the password in its secret, " +
			"to the database and for replication (pg_hba.conf of your own server)"
		r.add(f)
		return
	}
	r.add(f)
	err = errors.Join(r.checkTimeouts(ctx, session), r.checkDecoding(ctx, session), session.Close())
	if err != nil {
		r.broke(r.withoutPassword(fmt.Errorf("looking at the database as user %s: %w", r.user, err)))
	}
}

// timeoutsQuery finds limits that would interrupt DMS: a full load is one long statement, and its transactions may be
// idle.
const timeoutsQuery = `SELECT name, setting FROM pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout') AND setting <> '0' ORDER BY name`

// checkTimeouts removes these limits for the user only.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Prerequisites
func (r *run) checkTimeouts(ctx context.Context, session Session) error {
	rows, err := session.Query(ctx, timeoutsQuery)
	if err != nil {
		return fmt.Errorf("reading timeouts: %w", err)
	}
	var statements, values []string
	for _, row := range rows {
		statements = append(statements, fmt.Sprintf("ALTER ROLE %s SET %s = 0", r.name(), row[0]))
		values = append(values, row[0]+" "+row[1]+" ms")
	}
	f := Finding{Check: "replication user's timeouts", Status: OK, Value: "none"}
	switch {
	case len(statements) == 0:
	case r.req.CheckOnly:
		f.Value = strings.Join(values, ", ")
		f.Tell(Warning, ": it ends what DMS does", statements...)
	default:
		if err := r.db.Exec(ctx, strings.Join(statements, "; ")); err != nil {
			return fmt.Errorf("lifting timeouts of the user: %w", err)
		}
		r.findings.Change("timeouts of user " + r.user.Username + " lifted: " + strings.Join(values, ", "))
	}
	r.add(f)
	return nil
}

const (
	// decodingPatience is how long making a slot may wait for open transactions.
	decodingPatience = 20
	// membershipPatience is how long a new role membership may take to apply.
	membershipPatience = 5 * time.Second
)

// slotQuery makes a temporary slot, which ends with the session.
const slotQuery = "SELECT slot_name FROM pg_create_logical_replication_slot($1, 'test_decoding', true)"

// checkDecoding makes a slot as DMS does. That proves three things: the user may make one, the plugin is installed, and
// a slot is free.
func (r *run) checkDecoding(ctx context.Context, session Session) error {
	f := Finding{Check: checkDecoding, Status: OK, Value: "a slot with test_decoding was made, and dropped"}
	switch {
	case r.slot != "":
		f.Value = "read already by way of slot " + r.slot
	case r.req.CheckOnly:
		f.Status, f.Value = NotApplicable, "not tried: nothing is changed"
	case r.server.settings["wal_level"] != "logical":
		f.Status, f.Value = NotApplicable, "not tried: wal_level is not logical"
	default:
		if err := r.tryDecoding(ctx, session, &f); err != nil {
			return err
		}
	}
	r.add(f)
	return nil
}

func (r *run) tryDecoding(ctx context.Context, session Session, f *Finding) error {
	if err := session.Exec(ctx, fmt.Sprintf("SET statement_timeout = '%ds'", decodingPatience)); err != nil {
		return fmt.Errorf("limiting a statement: %w", err)
	}
	name := "cdc_" + strings.ToLower(rand.Text())
	_, err := backoff.Retry(ctx, func() (any, error) {
		_, err := session.Query(ctx, slotQuery, name)
		if err != nil && !IsServerError(err, errPrivilege) {
			return nil, backoff.Permanent(err)
		}
		return nil, err
	}, backoff.WithMaxElapsedTime(membershipPatience), backoff.WithBackOff(backoff.NewConstantBackOff(200*time.Millisecond)))
	switch {
	case err == nil:
	case IsServerError(err, errCanceled):
		f.Status, f.Value = Warning, fmt.Sprintf("not tried within %d s", decodingPatience)
		f.Advice = "end the transactions that have been open for long (SELECT pid, xact_start, query FROM pg_stat_activity " +
			"WHERE xact_start IS NOT NULL ORDER BY xact_start): the task begins when all are ended that were open before it"
	case IsServerError(err, errNoFile, errNoObject):
		f.Status, f.Value, f.Advice = Failed, "without the plugin test_decoding", "install it: it comes with PostgreSQL's contrib package"
	case IsServerError(err, errNoRoom):
		f.Status, f.Value, f.Advice = Failed, "without a free slot", "drop a slot that nobody needs, or raise max_replication_slots"+inParameterGroup
	case IsServerError(err, errPrivilege):
		f.Status, f.Value, f.Advice = Failed, "refused to user "+r.user.Username, "let the user replicate: "+r.replicationAdvice()
	default:
		return fmt.Errorf("making a slot: %w", err)
	}
	return nil
}

func (r *run) replicationAdvice() string {
	if r.server.rds {
		return "GRANT rds_replication TO " + r.name()
	}
	return r.replicationStatement()
}

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

// withoutPassword removes the password from a message. No statement contains it, but a completely wrong secret could
// bring it in.
func (r *run) withoutPassword(err error) error {
	message := err.Error()
	clean := strings.ReplaceAll(message, r.user.Password, "…")
	if clean == message {
		return err
	}
	return errors.New(clean)
}
