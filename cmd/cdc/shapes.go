package main

import (
	"cdcpipeline/internal/operator/verify"
	"time"
)

// The types below are printed by `--output json`, like status.Status, replay.Summary and workload.Summary. These types
// are stable: keys are added, never renamed.

// listing is the result of `cdc epoch list`.
type listing struct {
	List []listedTable `json:"list"`
}

// listedTable describes one table in a listing.
type listedTable struct {
	Table string `json:"table"`
	Alias string `json:"alias"`
	// Shown is the number of the epoch that the alias shows. 0 means none.
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

// switched is the result of `cdc epoch switch`.
type switched struct {
	Table    string `json:"table"`
	Shown    int    `json:"shown"`
	Former   int    `json:"former"`
	Switched bool   `json:"switched"`
	*compared
}

// rolledBack is the result of `cdc epoch rollback`.
type rolledBack struct {
	Table  string `json:"table"`
	Shown  int    `json:"shown"`
	Former int    `json:"former"`
	// Until is the time when the epoch that is now shown ended. The epoch's rows have not changed since.
	Until time.Time `json:"until"`
}

// droppedEpochs is the result of `cdc epoch drop`.
type droppedEpochs struct {
	Table   string `json:"table"`
	Shown   int    `json:"shown"`
	Dropped []int  `json:"dropped"`
}

// marked is the result of `cdc verify`. It says where the followed row was seen.
type marked struct {
	verify.Path
	Passed  bool `json:"passed"`
	Deleted bool `json:"deleted"`
}

// compared is the result of `cdc verify --deep` and `cdc epoch compare`.
type compared struct {
	Equal       bool                `json:"equal"`
	Counts      []verify.Count      `json:"counts"`
	Differences []verify.Difference `json:"differences"`
	// Uncompared lists tables that could not be compared, each with advice.
	Uncompared []verify.Uncompared `json:"uncompared"`
}
