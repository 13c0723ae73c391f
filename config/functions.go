package config

import "cmp"

// Functions has the settings that all Lambda functions of the stack share, and the retention of logs.
type Functions struct {
	// Architecture is the instruction set that the functions are compiled for. Default arm64.
	Architecture Architecture `json:"architecture" pulumi:"architecture,optional"`
	// LogRetentionDays is the retention of every log group of the stack, also those of other services. It must be a value that CloudWatch
	// Logs accepts. Default 14 in dev, 90 in prod.
	LogRetentionDays int `json:"logRetentionDays" pulumi:"logRetentionDays,optional"`
}

// Architecture is a Lambda instruction set.
type Architecture string

const (
	// ARM64 is Graviton.
	ARM64 Architecture = "arm64"
	// X8664 is 64-bit x86.
	X8664 Architecture = "x86_64"
)

// WithDefaults fills unset settings.
func (s Functions) WithDefaults(env Environment) Functions {
	s.Architecture = cmp.Or(s.Architecture, ARM64)
	s.LogRetentionDays = cmp.Or(s.LogRetentionDays, env.LogRetentionDays())
	return s
}

// LogRetentionDays returns the default retention of a log, in days.
func (e Environment) LogRetentionDays() int { return choose(e, 14, 90) }

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Functions) Validate() error {
	var p problems
	oneOf(&p, "functions.architecture", s.Architecture, ARM64, X8664)
	oneOf(&p, "functions.logRetentionDays", s.LogRetentionDays, logRetentionDays...)
	return p.join()
}

// logRetentionDays lists the values that CloudWatch Logs accepts:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var logRetentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
