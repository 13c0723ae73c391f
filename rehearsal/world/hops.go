package world

import (
	"cdcpipeline/rehearsal/standins/firehose"
	"time"
)

// Hop is a place that records of changes pass.
type Hop string

// Hops, in the order in which a record passes them. That of a stream can be read there.
const (
	Captured      Hop = "captured"        // by a task, of what it has read
	ReadForSearch Hop = "read for search" // by the delivery into a domain or collection
	ReadForLake   Hop = "read for lake"
	ReadForRows   Hop = "read for rows" // by the mapping of the function that keeps present rows
	InSearch      Hop = "in search"
	InLake        Hop = "in lake"
)

// passing tells of what passes the hops of this world.
func (w *World) passing(told func(hop Hop, records [][]byte, at time.Time)) {
	w.DMS.OnCaptured(func(records [][]byte) { told(Captured, records, time.Now()) })
	w.Mappings.OnRead(func(records [][]byte) { told(ReadForRows, records, time.Now()) })
}

// batches tells of what a delivery has read or delivered: by the hop of a lake's, or that of a search's.
func batches(told func(hop Hop, records [][]byte, at time.Time), toLake, toSearch Hop) func(firehose.Batch) {
	return func(b firehose.Batch) {
		hop := toLake
		if b.Search {
			hop = toSearch
		}
		told(hop, b.Records, b.At)
	}
}
