package erase

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kept describes the places in a stack that an erasure cannot reach, each with its retention. Such a place may hold
// values of rows.
type Kept struct {
	Stream string
	// StreamHours is how many hours the stream keeps a record. 0 means unknown.
	StreamHours int
	// Logs maps each log group of the stack to its retention in days. 0 means without end.
	Logs map[string]int
	// Domain is the name of the OpenSearch domain. Collections are used instead of it.
	Domain      string
	Collections []string
	// Queries is true if the stack queries Athena.
	Queries bool
	// Backups is true if the stack made the database. BackupDays is how many days it keeps a backup.
	Backups    bool
	BackupDays int
}

// Collections have hourly snapshots too,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-snapshots.html.
const (
	// snapshotDays is how many days OpenSearch Service keeps its hourly snapshots,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-snapshots.html.
	snapshotDays = 14
	// leaseHours is how many hours an unavailable shard copy can keep deleted documents in segments, even after a merge
	// (index.soft_deletes.retention_lease.period),
	// https://docs.opensearch.org/latest/api-reference/index-apis/force-merge/.
	leaseHours = 12
	// queryDays is how many days Athena keeps the text of a query,
	// https://docs.aws.amazon.com/athena/latest/ug/querying-keeping-query-history.html.
	queryDays = 45
	// uploadDays is the age in days at which the lake's lifecycle rule removes unfinished uploads.
	uploadDays = 7
)

// Left lists the places that may still hold values of the row after its erasure.
func (k Kept) Left(now time.Time) []Left {
	day := func(days int) time.Time { return now.UTC().AddDate(0, 0, days).Truncate(24 * time.Hour) }
	stream := Left{Where: "the stream " + k.Stream, Why: "nobody can delete a record from it; a reader that starts at its beginning gets the row again"}
	if k.StreamHours > 0 {
		stream.Until = day((k.StreamHours + 23) / 24)
	}
	all := []Left{stream}
	if k.Domain != "" {
		all = append(all, Left{
			Where: "segments of the indices", Until: now.UTC().Add(leaseHours * time.Hour).Truncate(24 * time.Hour),
			Why: "OpenSearch has removed the deleted documents; a shard's copy that was not available may keep them for some hours",
		}, Left{Where: "hourly snapshots of the domain " + k.Domain, Until: day(snapshotDays), Why: "OpenSearch Service keeps them, and nobody can change them"})
	}
	if len(k.Collections) > 0 {
		names := strings.Join(k.Collections, ", ")
		all = append(all, Left{
			Where: "segments of the collections " + names, Why: "no search finds the deleted documents; the service removes them from the segments by itself and does not say when",
		}, Left{Where: "hourly snapshots of the collections " + names, Why: "OpenSearch Serverless keeps them, and nobody can change them"})
	}
	for _, name := range slices.Sorted(maps.Keys(k.Logs)) {
		days := k.Logs[name]
		one := Left{Where: "log group " + name, Why: "an error message may contain a value"}
		if days > 0 {
			one.Until = day(days)
		} else {
			one.Why += "; it keeps its lines forever"
		}
		all = append(all, one)
	}
	if k.Queries {
		all = append(all, Left{Where: "Athena's history of queries", Until: day(queryDays), Why: "the text of a query may contain values of the row"})
	}
	all = append(all, Left{Where: "unfinished uploads to the bucket", Until: day(uploadDays), Why: "an interrupted upload leaves its parts"})
	source := Left{Where: "the source's backups and binlog", Why: "the database keeps them"}
	if k.Backups {
		source.Until, source.Why = day(k.BackupDays), fmt.Sprintf("Aurora keeps backups for %d days; manual snapshots stay", k.BackupDays)
	}
	return append(all, source, Left{Where: "other readers of the stream or the bucket", Why: "they must erase their own copies"})
}
