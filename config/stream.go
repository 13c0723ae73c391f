package config

import (
	"cmp"
	"regexp"
)

// Stream is the Kinesis data stream between DMS and the sinks.
type Stream struct {
	// Name is the name of the stream. Default retail_trans_stream, followed by the stack's name unless the stack is dev:
	// retail_trans_stream_prod.
	Name string `json:"name" pulumi:"name,optional"`
	// Shards is the number of shards of a provisioned stream. 0 is an on-demand stream. Default 0.
	Shards int `json:"shards" pulumi:"shards,optional"`
	// RetentionHours is how long the stream keeps a record, 168 to 8760. Records that a delivery could not deliver are kept only here.
	// Default 168.
	RetentionHours int `json:"retentionHours" pulumi:"retentionHours,optional"`
}

// WithDefaults fills unset settings.
func (s Stream) WithDefaults(Environment) Stream {
	s.Name = cmp.Or(s.Name, defaultStreamName)
	s.RetentionHours = cmp.Or(s.RetentionHours, 168)
	return s
}

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Stream) Validate() error { return s.validate("stream").join() }

// validate reports problems with the user's keys, which begin with at.
func (s Stream) validate(at string) (p problems) {
	p.matches(at+".name", s.Name, streamName, "1 to 128 letters, digits, _, . and -")
	p.between(at+".shards", s.Shards, 0, 500, "shards (0: on-demand); for more you first need a higher quota")
	p.between(at+".retentionHours", s.RetentionHours, 168, 8760, "hours: a failing delivery may need seven days, and Kinesis keeps records for at most a year")
	return p
}

var streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)
