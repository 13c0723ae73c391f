// Package status reports the state of a deployed pipeline. It also stops and starts the pipeline's task, and explains
// how to reach services inside the VPC. It knows a stack by its outputs, and calls only the few AWS actions that it
// needs.
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

// Status is the state of a pipeline. Its JSON is stable: keys are added, never renamed. A part that could not be read
// has an error, and a figure that nobody has measured is null.
type Status struct {
	At time.Time `json:"at"`
	// Healthy is true if everything could be read and nothing is wrong. Otherwise Problems lists the problems.
	Healthy  bool     `json:"healthy"`
	Problems []string `json:"problems"`

	// SourceStatus is the unnamed source's. It is nil if the source does not exist or was not requested.
	*SourceStatus
	// Sources maps names to sources. It is empty in a stack that has only the unnamed source.
	Sources map[string]NamedStatus `json:"sources,omitempty"`
}

// NamedStatus is the status of a source with a name.
type NamedStatus struct {
	// Healthy is true if the source itself has no Problems. Problems of parts that all sources share do not count.
	Healthy  bool     `json:"healthy"`
	Problems []string `json:"problems"`
	SourceStatus
}

// SourceStatus is the state of a source and of everything through which its changes pass.
type SourceStatus struct {
	Task   TaskStatus   `json:"task"`
	Tables TablesStatus `json:"tables"`
	// DDL is not read if the table statistics could not be read. In that case Tables has the error.
	DDL DDLStatus `json:"ddl"`
	// Slots describes a PostgreSQL source's slots. It is nil for MySQL.
	Slots  *SlotsStatus `json:"slots,omitempty"`
	Lag    Lag          `json:"lag"`
	Parked Parked       `json:"parked"`
	// Search has the source's own indices. Its other fields are the same for all sources.
	Search SearchStatus `json:"search"`
	// Current is not read if the domain or the collections could not be opened. In that case Search has the error.
	Current CurrentStatus `json:"current"`
	// LakeTables is empty if the lake has no tables.
	LakeTables LakeTablesStatus `json:"lakeTables"`
}

// TaskStatus is the state of the replication task.
type TaskStatus struct {
	ID            string `json:"id"`
	Arn           string `json:"arn"`
	State         string `json:"state"`
	MigrationType string `json:"migrationType"`
	// StopReason and LastFailure are DMS's texts, or empty. DMS keeps them after the task runs again.
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

// TablesStatus has DMS's counts for each table.
type TablesStatus struct {
	List []TableStatus `json:"list"`
	// NotLoaded lists configured tables that were not loaded. The sinks lack their rows from before the task.
	NotLoaded []string `json:"notLoaded"`
	Error     string   `json:"error,omitempty"`

	statistics []types.TableStatistics
}

// TableStatus has DMS's counts for one table. Validation is n/a, because DMS cannot validate a stream.
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

// Lag says how many seconds each step is behind. A value is the latest point of the last 15 minutes, or null if there
// is none.
type Lag struct {
	// SourceSeconds and TargetSeconds are the task's metrics CDCLatencySource and CDCLatencyTarget.
	SourceSeconds *float64 `json:"sourceSeconds"`
	TargetSeconds *float64 `json:"targetSeconds"`
	// StreamSeconds is the age of the last record that the slowest consumer of the stream has read.
	StreamSeconds *float64 `json:"streamSeconds"`
	// SearchSeconds and LakeSeconds are the ages of the oldest record that each delivery still holds.
	SearchSeconds *float64 `json:"searchSeconds"`
	LakeSeconds   *float64 `json:"lakeSeconds"`
	Error         string   `json:"error,omitempty"`
}

// Parked counts what no sink accepted: objects below the lake's error prefix.
type Parked struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Newest is the key of the newest object. NewestAt is when it was written.
	Newest   string     `json:"newest"`
	NewestAt *time.Time `json:"newestAt"`
	Error    string     `json:"error,omitempty"`
}

// SearchStatus is the state of the domain or the collections.
type SearchStatus struct {
	// Cluster is green, yellow or red, or empty for collections. Yellow means that a replica has no node, which is
	// normal for a domain with one node.
	Cluster string `json:"cluster"`
	// Collections is empty for a domain.
	Collections []Collection `json:"collections,omitempty"`
	Indices     []Index      `json:"indices"`
	Error       string       `json:"error,omitempty"`
}

// state returns the cluster's colour, or the states of collections that are not active.
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

// Index is an index of the history. In collections it may also be a current index.
type Index struct {
	Name      string `json:"name"`
	Documents int64  `json:"documents"`
	Bytes     int64  `json:"bytes"`
}

// Stack is what a status reads: the parts that all sources share, and the sources.
type Stack struct {
	DMS        task.Reader
	CloudWatch Metrics
	S3         Objects
	// Search connects to the domain or the collections. Read calls it once and closes the result.
	Search  func(context.Context) (Cluster, error)
	Sources []Source
}

// Source is a source of a stack, with its outputs.
type Source struct {
	outputs.Outputs
	// Registry has the options of the current state's registry, without the search client.
	Registry currentstate.EpochsOptions
	// Database connects to the source. If it is nil, the status does not read the source. Kept stores what earlier
	// looks have found.
	Database func(context.Context) (Database, error)
	Kept     Kept
	// LakeTables is nil if the lake has no tables.
	LakeTables *LakeTables
	// Accept lists tables (database.table) whose changes since their load have been repaired. The status accepts these
	// tables as they are now.
	Accept []string
}

// Options are the options of Read.
type Options struct {
	// Within limits the time of all calls together. The default is 30 s.
	Within time.Duration
	// MaxLag is the greatest acceptable lag of the task and of the stream's readers. A greater lag is a problem. The
	// default is 2 min.
	MaxLag time.Duration
	// Now returns the time. nil uses the clock.
	Now func() time.Time
}

// MaxLag is the default of [Options.MaxLag]. A few seconds of lag are normal, and the metrics' period adds up to a
// minute.
const MaxLag = 2 * time.Minute

// Read reads all parts at the same time. It always returns a status: a part that could not be read has an error.
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
