package main

import (
	"cdcpipeline/internal/operator/replay"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// openJournal opens the journal of a replay with these flags in this stack. Relative times count from the start of the
// first run.
func (w *replaying) openJournal() (*replay.Journal, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the user's cache directory: %w", err)
	}
	what := fmt.Sprintf("%q", []string{
		w.d.AccountID, w.d.Region, w.d.CurrentEndpoint, w.d.LakeBucket, w.d.Source, w.from, w.to, strconv.FormatBool(w.parked), strconv.FormatBool(w.newEpoch), strconv.FormatBool(w.history), strings.Join(w.replayFlags.tables, " "),
	})
	now := w.now().UTC()
	open := func() (*replay.Journal, error) {
		return replay.OpenJournal(filepath.Join(cache, "cdc-pipeline"), what, now)
	}
	journal, err := open()
	if err == nil && w.restart {
		if err := journal.Remove(); err != nil {
			return nil, err
		}
		journal, err = open()
	}
	if err != nil || journal.Began.Equal(now) {
		return journal, err
	}
	w.resumed = true
	w.show.tell("going on with the replay that began %s; --restart begins from the start", journal.Began.Format(time.RFC3339))
	return journal, w.times(journal.Began)
}

// endJournal deletes the journal of a finished replay. A failed replay keeps its journal for the next run.
func (w *replaying) endJournal(failure error) error {
	if failure == nil {
		return w.journal.Remove()
	}
	return errors.Join(failure, w.journal.Close())
}
