package erase

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kept is what of a stack keeps values of rows out of an erasure's reach, and for how long.
type Kept struct {
	Stream string
	// StreamHours that the stream keeps a record; 0 when it is not known.
	StreamHours int
	// Logs are the groups of the stack's logs, with the days that they keep a line; 0 is for ever.
	Logs map[string]int
	// Domain of OpenSearch, or its Collections.
	Domain      string
	Collections []string
	// Queries says that Athena is asked.
	Queries bool
	// Backups says that the stack has made the database, with the days that it keeps a backup.
	Backups    bool
	BackupDays int
}

// Collections have snapshots every hour too, https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-snapshots.html.
const (
	// snapshotDays is how long OpenSearch Service keeps the snapshots that it makes every hour,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-snapshots.html.
	snapshotDays = 14
	// leaseHours is how long a copy of a shard that is away may keep deleted documents in their segments, though these are merged
	// (index.soft_deletes.retention_lease.period), https://docs.opensearch.org/latest/api-reference/index-apis/force-merge/.
	leaseHours = 12
	// queryDays is how long Athena keeps the text of a query,
	// https://docs.aws.amazon.com/athena/latest/ug/querying-keeping-query-history.html.
	queryDays = 45
	// uploadDays is the lake's rule for uploads that nobody finishes.
	uploadDays = 7
)

// Left says what may hold values of a row that is erased now.
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
