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

// Journal is a file that remembers what one replay has done, so that it goes on there after an interruption. A nil
// journal remembers nothing.
type Journal struct {
	db   *bbolt.DB
	path string
}

var (
	doneBucket  = []byte("objects")
	epochBucket = []byte("epochs")
)

// OpenJournal of the replay that what describes, in a directory. Two processes cannot have it at the same time.
func OpenJournal(dir, what string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of the replay's journal: %w", err)
	}
	sum := sha256.Sum256([]byte(what))
	j := &Journal{path: filepath.Join(dir, hex.EncodeToString(sum[:8])+".replay")}
	var err error
	if j.db, err = bbolt.Open(j.path, 0o600, &bbolt.Options{Timeout: time.Second}); err != nil {
		if errors.Is(err, bbolterrors.ErrTimeout) {
			return nil, fmt.Errorf("the same replay is running already (it has the journal %s)", j.path)
		}
		return nil, fmt.Errorf("opening the replay's journal %s: %w", j.path, err)
	}
	err = j.db.Update(func(tx *bbolt.Tx) error {
		_, first := tx.CreateBucketIfNotExists(doneBucket)
		_, second := tx.CreateBucketIfNotExists(epochBucket)
		return errors.Join(first, second)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("writing the replay's journal %s: %w", j.path, err), j.db.Close())
	}
	return j, nil
}

// Close keeps the file for the next run.
func (j *Journal) Close() error {
	if err := j.db.Close(); err != nil {
		return fmt.Errorf("closing the replay's journal %s: %w", j.path, err)
	}
	return nil
}

// Remove closes the file and removes it: the replay is over.
func (j *Journal) Remove() error {
	if err := errors.Join(j.db.Close(), os.Remove(j.path)); err != nil {
		return fmt.Errorf("removing the replay's journal %s: %w", j.path, err)
	}
	return nil
}

// Has says whether an object was done.
func (j *Journal) Has(object string) (bool, error) {
	text, err := j.read(doneBucket, object)
	return text != "", err
}

// Add an object that is done.
func (j *Journal) Add(object string) error { return j.write(doneBucket, object, "done") }

// Epoch that the replay has begun for a table; 0 for none.
func (j *Journal) Epoch(table string) (int, error) {
	text, err := j.read(epochBucket, table)
	if text == "" || err != nil {
		return 0, err
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("reading the replay's journal %s: %w", j.path, err)
	}
	return number, nil
}

// Begun notes the epoch that the replay has begun for a table.
func (j *Journal) Begun(table string, epoch int) error {
	return j.write(epochBucket, table, strconv.Itoa(epoch))
}

func (j *Journal) read(bucket []byte, key string) (value string, err error) {
	if j == nil {
		return "", nil
	}
	err = j.db.View(func(tx *bbolt.Tx) error {
		value = string(tx.Bucket(bucket).Get([]byte(key)))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the replay's journal %s: %w", j.path, err)
	}
	return value, nil
}

func (j *Journal) write(bucket []byte, key, value string) error {
	if j == nil {
		return nil
	}
	err := j.db.Batch(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).Put([]byte(key), []byte(value)) //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return fmt.Errorf("writing the replay's journal %s: %w", j.path, err)
	}
	return nil
}
