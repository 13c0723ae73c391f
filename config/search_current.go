package config

import "cmp"

// CurrentState is the current indices, which have each row as it is now, and the function that keeps them from the stream.
type CurrentState struct {
	// Enabled makes the indices and the function. Default true.
	Enabled *bool `json:"enabled" pulumi:"enabled,optional"`
	// BatchSize is the most records that one call of the function gets, 1 to 10000. Default 500.
	BatchSize int `json:"batchSize" pulumi:"batchSize,optional"`
	// BatchSeconds is how long a batch may wait for more records, 0 to 300. Default 1.
	BatchSeconds *int `json:"batchSeconds" pulumi:"batchSeconds,optional"`
	// Compress compresses the requests with gzip. Without it a row costs less processor time and, between two availability zones, more for
	// its transfer. Default true.
	Compress *bool `json:"compress" pulumi:"compress,optional"`
	// Parallelization is the most calls at once for one shard, 1 to 10. Changes of one row stay in order. Default 1 in dev, 2 in prod.
	Parallelization int `json:"parallelization" pulumi:"parallelization,optional"`
	// BisectOnError halves a batch that fails, so that one bad record delays as few others as possible. Default true.
	BisectOnError *bool `json:"bisectOnError" pulumi:"bisectOnError,optional"`
	// RetryAttempts is how often a failed batch is tried again, 0 to 10000. -1 tries until MaxAgeHours. Default -1.
	RetryAttempts *int `json:"retryAttempts" pulumi:"retryAttempts,optional"`
	// MaxAgeHours is the age from which a record that still fails is parked in the lake's bucket, 1 to 168 and less than
	// stream.retentionHours. Default 144.
	MaxAgeHours int `json:"maxAgeHours" pulumi:"maxAgeHours,optional"`
	// EnhancedFanOut reads the stream with a throughput of its own, at a price for each shard and hour. Without it the function shares
	// each shard's 2 MB a second with the deliveries. Default false in dev, true in prod.
	EnhancedFanOut *bool `json:"enhancedFanOut" pulumi:"enhancedFanOut,optional"`
	// ReservedConcurrency reserves that many of the account's concurrent calls for the function, which is also its limit. 0 reserves
	// none. It must be at least Parallelization for each shard. Default 0.
	ReservedConcurrency int `json:"reservedConcurrency" pulumi:"reservedConcurrency,optional"`
	// MemoryMb is the memory of the function, 128 to 10240. Default 512.
	MemoryMb int `json:"memoryMb" pulumi:"memoryMb,optional"`
	// TimeoutSeconds is the time limit of one call, 10 to 900. Default 120.
	TimeoutSeconds int `json:"timeoutSeconds" pulumi:"timeoutSeconds,optional"`
	// SweepHours is the time between two removals of the tombstones of deleted rows, 1 to 168. Default 24.
	SweepHours int `json:"sweepHours" pulumi:"sweepHours,optional"`
}

// RegistryPrefix is the prefix of the function's registry in the lake's bucket. The registry has the columns, keys
// and epochs of the tables.
const RegistryPrefix = "registry"

// On reports whether the stack makes the current indices. Call it after WithDefaults.
func (s CurrentState) On() bool { return s.Enabled != nil && *s.Enabled }

// WithDefaults fills unset settings.
func (s CurrentState) WithDefaults(env Environment) CurrentState {
	s.Enabled = cmp.Or(s.Enabled, new(true))
	s.BatchSize = cmp.Or(s.BatchSize, 500)
	s.BatchSeconds = cmp.Or(s.BatchSeconds, new(1))
	s.Compress = cmp.Or(s.Compress, new(true))
	s.Parallelization = cmp.Or(s.Parallelization, choose(env, 1, 2))
	s.BisectOnError = cmp.Or(s.BisectOnError, new(true))
	s.RetryAttempts = cmp.Or(s.RetryAttempts, new(-1))
	s.MaxAgeHours = cmp.Or(s.MaxAgeHours, 144)
	s.EnhancedFanOut = cmp.Or(s.EnhancedFanOut, new(choose(env, false, true)))
	s.MemoryMb = cmp.Or(s.MemoryMb, 512)
	s.TimeoutSeconds = cmp.Or(s.TimeoutSeconds, 120)
	s.SweepHours = cmp.Or(s.SweepHours, 24)
	return s
}

// Validate returns all problems as one joined error. Call it after WithDefaults. The limits are Lambda's:
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html.
func (s CurrentState) Validate() error {
	var p problems
	p.between("search.current.batchSize", s.BatchSize, 1, 10000, "records")
	p.optionalBetween("search.current.batchSeconds", s.BatchSeconds, 0, 300, "seconds")
	p.between("search.current.parallelization", s.Parallelization, 1, 10, "calls at once for a shard")
	p.optionalBetween("search.current.retryAttempts", s.RetryAttempts, -1, 10000, "attempts (-1: until search.current.maxAgeHours)")
	p.between("search.current.maxAgeHours", s.MaxAgeHours, 1, 168, "hours: Lambda retries for at most seven days")
	p.between("search.current.reservedConcurrency", s.ReservedConcurrency, 0, 10000, "calls at once (0: none reserved)")
	if s.ReservedConcurrency > 0 && s.ReservedConcurrency < s.Parallelization {
		p.add("search.current.reservedConcurrency", "%d is less than the calls for one shard (search.current.parallelization: %d): reserve that many for each shard, or remove this key", s.ReservedConcurrency, s.Parallelization)
	}
	p.between("search.current.memoryMb", s.MemoryMb, 128, 10240, "MB")
	p.between("search.current.timeoutSeconds", s.TimeoutSeconds, 10, 900, "seconds")
	p.between("search.current.sweepHours", s.SweepHours, 1, 168, "hours")
	return p.join()
}
