package stages

import (
	"cdcpipeline/internal/operator/erase"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/world/objects"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
)

// The row to erase, and a text that occurs nowhere else.
const (
	erasedTable  = "testdb.retail_trans"
	erasedKey    = "900000001"
	erasedMarker = "zzeraseme007"
)

// Erase erases a row everywhere. cdc erase refuses while the source has the row, lists what exists, and erases it.
// Then the row's text must be in no version of any object and in no index.
func Erase(ctx context.Context, r *Run) error {
	if job := r.Outputs["tablesJob"]; job == nil || job == "" { // with --only; otherwise the stage before chose the format
		if err := r.Stack.SetConfig(ctx, "cdc-pipeline:lake.tables.format", "iceberg"); err != nil {
			return err
		}
		if _, err := r.deploy(ctx); err != nil {
			return fmt.Errorf("having the stack keep tables: %w", err)
		}
	}
	db := r.World.Database.Root()
	if err := execute(ctx, db, fmt.Sprintf("INSERT INTO %s (trans_id, customer_id, event, sku, amount) VALUES (%s, '%s', 'view', 'sku', 1)", erasedTable, erasedKey, erasedMarker)); err != nil {
		return err
	}
	if err := r.recordsOfErased(ctx, 1); err != nil {
		return err
	}
	if _, err := r.Tool.Run(ctx, "tables-before-erase", 0, "tables", "run"); err != nil { // so that the tables have the row, and a version with it
		return err
	}
	command := []string{"erase", "--table", erasedTable, "--key", "trans_id=" + erasedKey, "--settle", "20s", "--ca", r.Tool.CA}
	if _, err := r.Tool.Run(ctx, "erase-refused", 1, command...); err != nil {
		return err
	}
	said, err := os.ReadFile(r.Tool.Session("erase-refused"))
	if err != nil || !strings.Contains(string(said), "still has the row with trans_id="+erasedKey) {
		return errors.Join(fmt.Errorf("an erasure of a row that is there was not refused for that:\n%s", said), err)
	}
	before, err := r.findErased(ctx)
	if err != nil {
		return err
	}
	if len(before.objects) < 2 || before.documents < 2 {
		return fmt.Errorf("before it is erased, the row should be in records, in a table's files and in both kinds of indices: it is in %s, and %d documents", strings.Join(before.objects, ", "), before.documents)
	}
	if err := execute(ctx, db, "DELETE FROM "+erasedTable+" WHERE trans_id = "+erasedKey); err != nil {
		return err
	}
	if err := r.recordsOfErased(ctx, 2); err != nil {
		return err
	}
	if err := waitUntil(ctx, "the erasure would not be refused", func() (bool, error) {
		_, err := r.Tool.Run(ctx, "erase-dry-run", 0, command...)
		return err == nil, err
	}); err != nil {
		return err
	}
	text, err := r.Tool.Run(ctx, "erase", 0, append(command, "--yes", "--output", "json")...)
	if err != nil {
		return err
	}
	var done erase.Report
	if err := json.Unmarshal([]byte(text), &done); err != nil {
		return fmt.Errorf("reading what cdc erase says: %w", err)
	}
	after, err := r.findErased(ctx)
	if err != nil {
		return err
	}
	r.Report.Erase = &report.Erase{Reached: reached(done), Left: []string{}, MarkerFound: len(after.objects) + after.documents}
	for _, l := range done.Left {
		r.Report.Erase.Left = append(r.Report.Erase.Left, l.Where)
	}
	if r.Report.Erase.MarkerFound > 0 {
		return fmt.Errorf("after it was erased, the row is in %s, and %d documents", strings.Join(after.objects, ", "), after.documents)
	}
	if _, err := r.Tool.Run(ctx, "tables-after-erase", 0, "tables", "run"); err != nil {
		return err
	}
	_, _, err = compareCurrent(ctx, r)
	return err
}

// reached are the places that had a part of the row.
func reached(done erase.Report) []string {
	places := []string{}
	for name, n := range map[string]int{
		"lake": done.Raw.Records, "parked records": done.Parked.Records, "history": done.History.Documents, "current indices": done.Current.Documents,
		"tables": len(done.Tables), "query results": done.QueryResults,
	} {
		if n > 0 {
			places = append(places, name)
		}
	}
	slices.Sort(places)
	return places
}

// recordsOfErased waits until the lake has this many records of the row.
func (r *Run) recordsOfErased(ctx context.Context, n int) error {
	database, table, _ := strings.Cut(erasedTable, ".")
	prefix := fmt.Sprintf("%s/schema=%s/table=%s/", r.output("lakePrefix"), database, table)
	return waitUntil(ctx, fmt.Sprintf("the lake has %d records of the row", n), func() (bool, error) {
		if err := r.World.Firehose.Drain(ctx); err != nil { // the lake's buffer alone may take a minute
			return false, fmt.Errorf("waiting for the deliveries: %w", err)
		}
		found := 0
		err := objects.Lines(ctx, r.World.Account.Config(), r.output("lakeBucket"), prefix, func(_ string, line []byte) error {
			if strings.Contains(string(line), erasedKey) {
				found++
			}
			return nil
		})
		return found == n, err
	})
}

// erasedIn is where the row's text was found.
type erasedIn struct {
	objects   []string
	documents int
}

func (r *Run) findErased(ctx context.Context) (erasedIn, error) {
	options := stores.SparkOptions{Endpoint: r.World.Account.Endpoint(), Region: account.Region, Key: account.Key}
	marked, _, err := r.World.Site.FindText(ctx, options, r.output("lakeBucket"), erasedMarker)
	if err != nil {
		return erasedIn{}, fmt.Errorf("looking for the row: %w", err)
	}
	var found erasedIn
	for _, m := range marked {
		found.objects = append(found.objects, m.Key)
	}
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return found, err
	}
	if err := admin.Do(ctx, http.MethodPost, "/_refresh", nil, nil); err != nil {
		return found, fmt.Errorf("looking for the row: %w", err)
	}
	var out struct {
		Count int `json:"count"`
	}
	query := map[string]any{"query": map[string]any{"query_string": map[string]any{"query": "*" + erasedMarker + "*", "lenient": true}}}
	if err := admin.Do(ctx, http.MethodPost, "/_all/_count", query, &out); err != nil {
		return found, fmt.Errorf("looking for the row: %w", err)
	}
	found.documents = out.Count
	return found, nil
}
