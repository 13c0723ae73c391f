package progress

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// first.json holds the seconds that the stages of a first run took on 2 cores, for a machine that has none of its own yet.
//
//go:embed first.json
var first []byte

// Durations are how long stages took on this machine the last time, kept in a file.
type Durations struct {
	path string

	mu      sync.Mutex
	seconds map[string]float64
	own     map[string]float64
}

// Remembered reads the file, which need not be there.
func Remembered(path string) (*Durations, error) {
	d := &Durations{path: path, seconds: map[string]float64{}, own: map[string]float64{}}
	if err := json.Unmarshal(first, &d.seconds); err != nil {
		return nil, fmt.Errorf("reading how long a first run takes: %w", err)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading how long stages took: %w", err)
	}
	if json.Unmarshal(text, &d.own) != nil { // half of a file, of a run that was killed
		d.own = map[string]float64{}
	}
	maps.Copy(d.seconds, d.own)
	return d, nil
}

// Of is how long a stage took last time, here or on the machine of first.json; 0 when nobody knows.
func (d *Durations) Of(stage string) time.Duration {
	if d == nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Duration(d.seconds[stage] * float64(time.Second))
}

// Took keeps how long a stage took. That it cannot be kept is no reason to fail a rehearsal.
func (d *Durations) Took(stage string, took time.Duration) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own[stage] = float64(int(took.Seconds()*10)) / 10
	text, err := json.Marshal(d.own)
	if err != nil || os.MkdirAll(filepath.Dir(d.path), 0o755) != nil {
		return
	}
	_ = os.WriteFile(d.path, text, 0o600)
}
