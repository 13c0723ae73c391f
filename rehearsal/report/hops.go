package report

// Hop is one arrow of the architecture's picture: how many written rows passed it, and how long after their commits.
type Hop struct {
	// From and To are parts named as in docs/architecture.d2: database, replication, stream, searchDelivery,
	// currentState, lakeDelivery, domain, bucket, catalog.
	From string `json:"from"`
	To   string `json:"to"`
	// Rows that passed, each counted once, and Lost ones, which were written but did not.
	Rows int `json:"rows"`
	Lost int `json:"lost"`
	// LatencyMs is the time from the commit's return until a change had passed; nil when not measured.
	LatencyMs *Quantiles `json:"latency_ms,omitempty"`
}

// Curve is the time from a change's commit until it reaches one sink.
type Curve struct {
	// QuantilesMs are in steps of a twentieth: the fastest change first, the slowest last; empty when nothing
	// arrived.
	QuantilesMs []float64 `json:"quantiles_ms"`
	// Course is the latency over time, while rows were written.
	Course []Moment `json:"course"`
}

// Moment of a course: the median of the changes committed about this many seconds after the first.
type Moment struct {
	Second float64 `json:"second"`
	Ms     float64 `json:"ms"`
}
