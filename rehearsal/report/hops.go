package report

// Hop is one arrow of the architecture's picture: what went through it of what was written, and how long after its commit.
type Hop struct {
	// From and To are parts as docs/architecture.d2 names them: database, replication, stream, searchDelivery, currentState,
	// lakeDelivery, domain, bucket, catalog.
	From string `json:"from"`
	To   string `json:"to"`
	// Rows that passed, each once, and Lost those that were written and did not.
	Rows int `json:"rows"`
	Lost int `json:"lost"`
	// LatencyMs is from the return of the commit until a change had passed; nil where nobody measured it.
	LatencyMs *Quantiles `json:"latency_ms,omitempty"`
}

// Curve is how long after its commit a change reaches one sink.
type Curve struct {
	// QuantilesMs are in steps of a twentieth: the quickest change first, the slowest last; empty when nothing arrived.
	QuantilesMs []float64 `json:"quantiles_ms"`
	// Course is the same while rows were written.
	Course []Moment `json:"course"`
}

// Moment of a course: the median of the changes that were committed about so many seconds after the first.
type Moment struct {
	Second float64 `json:"second"`
	Ms     float64 `json:"ms"`
}
