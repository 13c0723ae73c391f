package main

import (
	"cdcpipeline/internal/operator/verify"
	"time"
)

// These are the shapes of what `--output json` prints, beside status.Status, replay.Summary and workload.Summary. They are
// stable: keys are added, never renamed.

// listing is what `cdc epoch list` prints.
type listing struct {
	List []listedTable `json:"list"`
}

// listedTable is a table as `cdc epoch list` shows it.
type listedTable struct {
	Table string `json:"table"`
	Alias string `json:"alias"`
	// Shown is the number of the epoch that the alias shows, 0 for none.
	Shown  int           `json:"shown"`
	Latest int           `json:"latest"`
	Epochs []listedEpoch `json:"epochs"`
}

type listedEpoch struct {
	Number    int       `json:"number"`
	Index     string    `json:"index"`
	Since     time.Time `json:"since,omitzero"`
	Binlog    string    `json:"binlog,omitempty"`
	Key       []string  `json:"key,omitempty"`
	Documents int64     `json:"documents"`
}

// switched is what `cdc epoch switch` prints.
type switched struct {
	Table    string `json:"table"`
	Shown    int    `json:"shown"`
	Former   int    `json:"former"`
	Switched bool   `json:"switched"`
	*compared
}

// rolledBack is what `cdc epoch rollback` prints.
type rolledBack struct {
	Table  string `json:"table"`
	Shown  int    `json:"shown"`
	Former int    `json:"former"`
	// Until is when the shown epoch ended: its rows are as they were then.
	Until time.Time `json:"until"`
}

// droppedEpochs is what `cdc epoch drop` prints.
type droppedEpochs struct {
	Table   string `json:"table"`
	Shown   int    `json:"shown"`
	Dropped []int  `json:"dropped"`
}

// marked is what `cdc verify` prints of the row that it followed.
type marked struct {
	verify.Path
	Passed  bool `json:"passed"`
	Deleted bool `json:"deleted"`
}

// compared is what `cdc verify --deep` and `cdc epoch compare` print.
type compared struct {
	Equal       bool                `json:"equal"`
	Counts      []verify.Count      `json:"counts"`
	Differences []verify.Difference `json:"differences"`
	// Uncompared tables are named with what to do.
	Uncompared []verify.Uncompared `json:"uncompared"`
}
