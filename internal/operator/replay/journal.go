package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// Journal is a file with the progress of a replay. After an interruption the replay continues from there. A nil journal
// records nothing.
type Journal struct {
	db   *bbolt.DB
	path string
	// Began is when the replay began. For a continued replay that is the first run's start.
	Began time.Time
}

var (
	doneBucket  = []byte("objects")
	beganBucket = []byte("began")
)

// fresh is how long an interrupted replay can be continued. Later, the filled index may have changed.
const fresh = 24 * time.Hour

// OpenJournal opens a replay's journal in a directory. what describes the replay. Two processes cannot open it at the
// same time. If the replay began more than a day ago, its journal is emptied.
func OpenJournal(dir, what string, now time.Time) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of the replay's journal: %w", err)
	}
	sum := sha256.Sum256([]byte(what))
	j := &Journal{path: filepath.Join(dir, hex.EncodeToString(sum[:8])+".replay")}
	var err error
	if j.db, err = bbolt.Open(j.path, 0o600, &bbolt.Options{Timeout: time.Second}); err != nil {
		if errors.Is(err, bbolterrors.ErrTimeout) {
			return nil, fmt.Errorf("the same replay is already running (it uses the journal %s): wait for its end", j.path)
		}
		return nil, fmt.Errorf("opening the replay's journal %s: %w", j.path, err)
	}
	if err := j.begin(now); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the replay's journal %s: %w", j.path, err), j.db.Close())
	}
	return j, nil
}

// begin stores the start time, or reads that of the interrupted replay.
func (j *Journal) begin(now time.Time) error {
	return j.db.Update(func(tx *bbolt.Tx) error { //nolint:wrapcheck // the caller wraps it
		if b := tx.Bucket(beganBucket); b != nil {
			began, err := time.Parse(time.RFC3339Nano, string(b.Get(beganBucket)))
			if err == nil && now.Sub(began) < fresh {
				j.Began = began
				return nil
			}
		}
		for _, name := range [][]byte{doneBucket, beganBucket} {
			if err := tx.DeleteBucket(name); err != nil && !errors.Is(err, bbolterrors.ErrBucketNotFound) {
				return err //nolint:wrapcheck // the caller wraps it
			}
			if _, err := tx.CreateBucket(name); err != nil {
				return err //nolint:wrapcheck // the caller wraps it
			}
		}
		j.Began = now
		return tx.Bucket(beganBucket).Put(beganBucket, []byte(now.Format(time.RFC3339Nano))) //nolint:wrapcheck // the caller wraps it
	})
}

// Close keeps the file for the next run.
func (j *Journal) Close() error {
	if err := j.db.Close(); err != nil {
		return fmt.Errorf("closing the replay's journal %s: %w", j.path, err)
	}
	return nil
}

// Remove closes and deletes the file after the end of the replay.
func (j *Journal) Remove() error {
	if err := errors.Join(j.db.Close(), os.Remove(j.path)); err != nil {
		return fmt.Errorf("removing the replay's journal %s: %w", j.path, err)
	}
	return nil
}

// whole stands for all records of an object.
const whole = -1

// Done returns how many of an object's records are done, counted from the first. It returns whole if all are.
func (j *Journal) Done(object string) (records int, err error) {
	if j == nil {
		return 0, nil
	}
	err = j.db.View(func(tx *bbolt.Tx) (err error) {
		if text := tx.Bucket(doneBucket).Get([]byte(object)); text != nil {
			records, err = strconv.Atoi(string(text))
		}
		return err //nolint:wrapcheck // it is wrapped below
	})
	if err != nil {
		return 0, fmt.Errorf("reading the replay's journal %s: %w", j.path, err)
	}
	return records, nil
}

// Note stores how many of an object's records are done.
func (j *Journal) Note(object string, records int) error {
	if j == nil {
		return nil
	}
	err := j.db.Batch(func(tx *bbolt.Tx) error {
		return tx.Bucket(doneBucket).Put([]byte(object), []byte(strconv.Itoa(records))) //nolint:wrapcheck // it is wrapped below
	})
	if err != nil {
		return fmt.Errorf("writing the replay's journal %s: %w", j.path, err)
	}
	return nil
}
