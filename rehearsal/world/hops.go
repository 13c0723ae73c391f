package world

import (
	"cdcpipeline/rehearsal/standins/firehose"
	"time"
)

// Hop is a point that change records pass.
type Hop string

// Hops, in a record's order. The stream's records can be read from the stream itself.
const (
	Captured      Hop = "captured"        // read by a task
	ReadForSearch Hop = "read for search" // read by the delivery into a domain or collection
	ReadForLake   Hop = "read for lake"
	ReadForRows   Hop = "read for rows" // read by the mapping of the current-state function
	InSearch      Hop = "in search"
	InLake        Hop = "in lake"
)

// passing reports what passes the hops of this world.
func (w *World) passing(told func(hop Hop, records [][]byte, at time.Time)) {
	w.DMS.OnCaptured(func(records [][]byte) { told(Captured, records, time.Now()) })
	w.Mappings.OnRead(func(records [][]byte) { told(ReadForRows, records, time.Now()) })
}

// batches reports what a delivery has read or delivered, as a hop of the lake or of the search.
func batches(told func(hop Hop, records [][]byte, at time.Time), toLake, toSearch Hop) func(firehose.Batch) {
	return func(b firehose.Batch) {
		hop := toLake
		if b.Search {
			hop = toSearch
		}
		told(hop, b.Records, b.At)
	}
}
