package currentstate

import (
	"cdcpipeline/internal/table"
	"slices"
	"time"
)

// TableEpochs has the epochs of a table.
type TableEpochs struct {
	Name   table.Name
	Epochs []Epoch
	// Current is the number of the epoch that the alias shows, or 0 if it shows none.
	Current int
}

// Latest returns the epoch that new records belong to, from its Since on.
func (t TableEpochs) Latest() Epoch { return t.Epochs[len(t.Epochs)-1] }

// Epoch returns the epoch with a number. ok is false if it is not kept.
func (t TableEpochs) Epoch(number int) (epoch Epoch, ok bool) {
	i := slices.IndexFunc(t.Epochs, func(e Epoch) bool { return e.Number == number })
	if i < 0 {
		return Epoch{}, false
	}
	return t.Epochs[i], true
}

// Until returns when the shown epoch ended because the next one began. The shown rows are from that time. It is
// zero if the shown epoch is the latest, or if none is shown.
func (t TableEpochs) Until() time.Time {
	i := slices.IndexFunc(t.Epochs, func(e Epoch) bool { return e.Number == t.Current })
	if i < 0 || i == len(t.Epochs)-1 {
		return time.Time{}
	}
	return t.Epochs[i+1].Since
}
