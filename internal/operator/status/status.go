// Package status works on a deployed pipeline: it says how the pipeline is, stops and starts its task, and says how to
// reach what is inside the VPC. It knows a stack by its outputs and AWS by the few calls of each service that it needs.
package status

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/task"
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// Status is how a pipeline is. Its JSON is stable: keys are added, never renamed. What could not be read has an error
// beside it, and what nobody has measured is null.
type Status struct {
	At time.Time `json:"at"`
	// Healthy reports whether nothing is wrong and everything could be read. Problems has the rest.
	Healthy  bool     `json:"healthy"`
	Problems []string `json:"problems"`

	// Of the unnamed source; nil where there is none, or where others are asked for.
	*SourceStatus
	// Sources that have names, by them; none in a stack of one.
	Sources map[string]NamedStatus `json:"sources,omitempty"`
}

// NamedStatus is the status of a source with a name.
type NamedStatus struct {
	// Healthy says that none of its Problems is left; what all sources share is not among them.
	Healthy  bool     `json:"healthy"`
	Problems []string `json:"problems"`
	SourceStatus
}

// SourceStatus is how a source is, and all that carries its changes.
type SourceStatus struct {
	Task   TaskStatus   `json:"task"`
	Tables TablesStatus `json:"tables"`
	// DDL is unread where the table's statistics are, which Tables says.
	DDL DDLStatus `json:"ddl"`
	// Slots are those of a PostgreSQL source; nil for MySQL.
	Slots  *SlotsStatus `json:"slots,omitempty"`
	Lag    Lag          `json:"lag"`
	Parked Parked       `json:"parked"`
	// Search has the source's own indices; the rest of it is the same for all sources.
	Search SearchStatus `json:"search"`
	// Current is unread where the domain or the collections could not be opened, which Search says.
	Current CurrentStatus `json:"current"`
	// LakeTables are none where the lake keeps none.
	LakeTables LakeTablesStatus `json:"lakeTables"`
}

// TaskStatus is the replication task's.
type TaskStatus struct {
	ID            string `json:"id"`
	Arn           string `json:"arn"`
	State         string `json:"state"`
	MigrationType string `json:"migrationType"`
	// StopReason and LastFailure as DMS words them; empty when there was none. DMS keeps them after the task runs again.
	StopReason  string     `json:"stopReason"`
	LastFailure string     `json:"lastFailure"`
	StartedAt   *time.Time `json:"startedAt"`
	StoppedAt   *time.Time `json:"stoppedAt"`
	// LogGroup and LogStream in CloudWatch Logs hold the task's log.
	LogGroup  string `json:"logGroup"`
	LogStream string `json:"logStream"`
	Error     string `json:"error,omitempty"`

	instance string
	found    task.Description
}

// TablesStatus is what DMS counts of each table.
type TablesStatus struct {
	List []TableStatus `json:"list"`
	// NotLoaded are configured tables whose rows from before the task are missing downstream.
	NotLoaded []string `json:"notLoaded"`
	Error     string   `json:"error,omitempty"`

	statistics []types.TableStatistics
}

// TableStatus is one table's; Validation is n/a because DMS cannot validate a stream.
type TableStatus struct {
	Name         string     `json:"name"`
	State        string     `json:"state"`
	FullLoadRows int64      `json:"fullLoadRows"`
	LoadedAt     *time.Time `json:"loadedAt"`
	Inserts      int64      `json:"inserts"`
	Updates      int64      `json:"updates"`
	Deletes      int64      `json:"deletes"`
	Ddls         int64      `json:"ddls"`
	Validation   string     `json:"validation"`
}

// Lag is how far behind each step is, in seconds: the latest point of the last 15 minutes, null when there is none.
type Lag struct {
	// SourceSeconds and TargetSeconds are the task's CDCLatencySource and CDCLatencyTarget.
	SourceSeconds *float64 `json:"sourceSeconds"`
	TargetSeconds *float64 `json:"targetSeconds"`
	// StreamSeconds is the age of what the slowest consumer of the stream last read.
	StreamSeconds *float64 `json:"streamSeconds"`
	// SearchSeconds and LakeSeconds are the age of the oldest record that a delivery still holds.
	SearchSeconds *float64 `json:"searchSeconds"`
	LakeSeconds   *float64 `json:"lakeSeconds"`
	Error         string   `json:"error,omitempty"`
}

// Parked is what no sink took: objects below the lake's error prefix.
type Parked struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Newest object, and when it was written.
	Newest   string     `json:"newest"`
	NewestAt *time.Time `json:"newestAt"`
	Error    string     `json:"error,omitempty"`
}

// SearchStatus is the domain's, or the collections'.
type SearchStatus struct {
	// Cluster is green, yellow or red; empty for collections. Yellow is a replica without a node, which a domain of one node may have.
	Cluster string `json:"cluster"`
	// Collections are none on a domain.
	Collections []Collection `json:"collections,omitempty"`
	Indices     []Index      `json:"indices"`
	Error       string       `json:"error,omitempty"`
}

// state in a word: the cluster's, or what the collections are that are not active.
func (s SearchStatus) state() string {
	if len(s.Collections) == 0 {
		return s.Cluster
	}
	for _, c := range s.Collections {
		if !c.Active() {
			return orElse(c.Status, "missing")
		}
	}
	return "ACTIVE"
}

// good reports whether the domain or the collections serve requests.
func (s SearchStatus) good() bool {
	if len(s.Collections) == 0 {
		return s.Cluster != "red"
	}
	return s.state() == "ACTIVE"
}

// Index is one of the history; of collections, a current one too.
type Index struct {
	Name      string `json:"name"`
	Documents int64  `json:"documents"`
	Bytes     int64  `json:"bytes"`
}

// Stack is asked for a status: what its sources share, and each of them.
type Stack struct {
	DMS        task.Reader
	CloudWatch Metrics
	S3         Objects
	// Search reaches the domain or the collections; it is called once, and what it gives is closed.
	Search  func(context.Context) (Cluster, error)
	Sources []Source
}

// Source of a stack, with its outputs.
type Source struct {
	outputs.Outputs
	// Registry has the options for the registry of the current state, without the client of the search.
	Registry currentstate.EpochsOptions
	// Database reaches the source as Search does; nil asks nothing of it. Kept is what earlier looks at it have found.
	Database func(context.Context) (Database, error)
	Kept     Kept
	// LakeTables is nil where the lake keeps none.
	LakeTables *LakeTables
	// Accept these tables, database.table, as they are now: what was done to them since their load is mended.
	Accept []string
}

// Options of a status.
type Options struct {
	// Within is how long all that is asked may take together. Default 30 s.
	Within time.Duration
	// MaxLag of the task and of the stream's readers before it counts as a problem. Default 2 min.
	MaxLag time.Duration
	// Now is the time, for tests; nil is the clock.
	Now func() time.Time
}

// MaxLag is the lag above which there is a problem. A few seconds are normal, and the metrics' period adds up to a minute.
const MaxLag = 2 * time.Minute

// Read asks everything at the same time. It always gives a status: what fails is an error in its part.
func (s Stack) Read(ctx context.Context, options Options) Status {
	if options.Within == 0 {
		options.Within = 30 * time.Second
	}
	if options.MaxLag == 0 {
		options.MaxLag = MaxLag
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	ctx, cancel := context.WithTimeout(ctx, options.Within)
	defer cancel()
	now := options.Now()
	found := make([]SourceStatus, len(s.Sources))
	var all sync.WaitGroup
	for i, source := range s.Sources {
		of := &found[i]
		all.Go(func() {
			of.Task = readTask(ctx, s.DMS, source.Outputs)
			of.Lag = readLag(ctx, s.CloudWatch, source.Outputs, of.Task, now)
		})
		all.Go(func() {
			of.Tables = readTables(ctx, s.DMS, source.Outputs)
			of.DDL = source.readDDL(ctx, of.Tables, now)
			of.Slots = source.readSlots(ctx)
		})
		all.Go(func() { of.Parked = readParked(ctx, s.S3, source.Outputs) })
		all.Go(func() { of.LakeTables = source.LakeTables.read(ctx, now) })
	}
	var shared SearchStatus
	all.Go(func() { shared = s.readSearch(ctx, found) })
	all.Wait()
	return s.judged(shared, found, now, options.MaxLag)
}
