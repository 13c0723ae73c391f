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

// first.json holds the seconds of a first run's stages on 2 cores, for a machine without its own durations.
//
//go:embed first.json
var first []byte

// Durations are the stages' last durations on this machine, stored in a file.
type Durations struct {
	path string

	mu      sync.Mutex
	seconds map[string]float64
	own     map[string]float64
}

// Remembered reads the file, which may be missing.
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
	if json.Unmarshal(text, &d.own) != nil { // a truncated file after a killed run
		d.own = map[string]float64{}
	}
	maps.Copy(d.seconds, d.own)
	return d, nil
}

// Last is a stage's last duration, here or on first.json's machine; 0 when unknown.
func (d *Durations) Last(stage string) time.Duration {
	if d == nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Duration(d.seconds[stage] * float64(time.Second))
}

// Took stores a stage's duration. A failure to store it does not fail the rehearsal.
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
