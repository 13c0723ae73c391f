package stages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
)

// AnotherSource replaces the source by another database, as far as its readers can tell.
func AnotherSource(ctx context.Context, r *Run) error {
	ca := r.World.Site.Authority.File()
	if _, err := r.Tool.Run(ctx, "stop-restore", 0, "stop"); err != nil {
		return err
	}
	if err := restore(ctx, r); err != nil {
		return err
	}
	r.Log.Detail("cdc start --reload")
	if _, err := r.Tool.Run(ctx, "start-reload", 0, "start", "--reload", "--yes", "--ca", ca); err != nil {
		return err
	}
	if err := rowsReach(ctx, r, "restored", r.searched().history); err != nil {
		return err
	}
	if _, _, err := compareCurrent(ctx, r); err != nil {
		return err
	}
	if err := r.World.Firehose.Drain(ctx); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	r.Log.Detail("the former source's records still count in the lake")
	if _, err := compareCatalog(ctx, r); err == nil { // it differs from the table, or fails because of an earlier poison record
		return errors.New("the view of rows should count the former source's records")
	}
	if _, err := r.Tool.Run(ctx, "verify-deep-restored", 1, "verify", "--deep", "--timeout", "5s", "--ca", ca); err != nil {
		return err
	}
	if err := follow(ctx, r, "start-reload"); err != nil {
		return err
	}
	if _, err := compareCatalog(ctx, r); err != nil {
		return err
	}
	_, err := r.Tool.Run(ctx, "verify-deep-since", 0, "verify", "--deep", "--ca", ca)
	return err
}

// restore makes the database look like an earlier backup: rows disappear without a change record, and the binlog
// starts again, so that each position in it comes before those of all existing records.
func restore(ctx context.Context, r *Run) error {
	var statements []string
	for _, table := range tables {
		statements = append(statements, `DELETE FROM `+table+` LIMIT 100`)
	}
	for _, statement := range append(statements, `RESET MASTER`) {
		if err := execute(ctx, r.World.Database.Root(), statement); err != nil {
			return err
		}
	}
	return nil
}

var advised = regexp.MustCompile(`pulumi config set --stack rehearsal --path '(cdc-pipeline:source\.rowsSince[^']+)' (\S+) && pulumi up --stack rehearsal`)

// follow applies the advice of a command of the operator's tool: a setting for each table, or for all, and `pulumi
// up`.
func follow(ctx context.Context, r *Run, session string) error {
	text, err := os.ReadFile(r.Tool.Session(session))
	if err != nil {
		return fmt.Errorf("reading what the tool has said: %w", err)
	}
	found := advised.FindAllStringSubmatch(string(text), -1)
	if len(found) == 0 {
		return fmt.Errorf("cdc %s did not say since when records count: %s", session, text)
	}
	for _, setting := range found {
		if err := r.Stack.SetConfig(ctx, setting[1], setting[2]); err != nil {
			return err
		}
	}
	u, err := r.deploy(ctx)
	if changed := u.Changes["update"] + u.Changes["replace"]; err == nil && (changed == 0 || changed != u.Touched()) {
		err = fmt.Errorf("since when records count should change views, and replace queries, alone: %v", u.Changes)
	}
	return err
}
