package currentstate

import (
	"cdcpipeline/internal/table"
	"slices"
	"time"
)

// TableEpochs are the epochs of a table.
type TableEpochs struct {
	Name   table.Name
	Epochs []Epoch
	// Current is the number of the one that the alias shows; 0 when it shows none.
	Current int
}

// Latest epoch: records that come belong to it, from its Since on.
func (t TableEpochs) Latest() Epoch { return t.Epochs[len(t.Epochs)-1] }

// Epoch of a number; ok is false when it is not kept.
func (t TableEpochs) Epoch(number int) (epoch Epoch, ok bool) {
	i := slices.IndexFunc(t.Epochs, func(e Epoch) bool { return e.Number == number })
	if i < 0 {
		return Epoch{}, false
	}
	return t.Epochs[i], true
}

// Until is when the epoch that is shown ended, because the next one began: what is shown is as it was then. Zero while it
// is the latest, or when none is shown.
func (t TableEpochs) Until() time.Time {
	i := slices.IndexFunc(t.Epochs, func(e Epoch) bool { return e.Number == t.Current })
	if i < 0 || i == len(t.Epochs)-1 {
		return time.Time{}
	}
	return t.Epochs[i+1].Since
}
