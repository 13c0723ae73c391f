package config

import "testing"

func TestCurrentStatesAreRefused(t *testing.T) { requireRefused(t, refusedCurrentStates) }

// refusedCurrentStates has settings that Lambda would refuse, or that would lose records.
var refusedCurrentStates = []refusal{
	{"a key there is not", `search: {current: {batchsize: 100}}`, `search.current.batchsize: is not a key of this project: did you mean search.current.batchSize?`},
	{"a switch for a section", `search: {current: true}`, `search.current: true is not an object: write its keys below it, indented`},
	{"a batch too large", `search: {current: {batchSize: 10001}}`, `search.current.batchSize: 10001 is out of range: use 1 to 10000 records`},
	{"a batch that waits too long", `search: {current: {batchSeconds: 301}}`, `search.current.batchSeconds: 301 is out of range: use 0 to 300 seconds`},
	{"too many calls for a shard", `search: {current: {parallelization: 11}}`, `search.current.parallelization: 11 is out of range: use 1 to 10 calls at once for a shard`},
	{"attempts without number", `search: {current: {retryAttempts: -2}}`, `search.current.retryAttempts: -2 is out of range: use -1 to 10000 attempts (-1: until search.current.maxAgeHours)`},
	{"a record older than Lambda reads", `{stream: {retentionHours: 8760}, search: {current: {maxAgeHours: 169}}}`, `search.current.maxAgeHours: 169 is out of range: use 1 to 168 hours: Lambda retries for at most seven days`},
	{"the lake where the registry is", `lake: {prefix: registry/raw}`, `lake.prefix: must not be under registry, nor may lake.errorPrefix, because the current-state function keeps its registry of the tables there: use other prefixes, or set search.current.enabled to false`},
	{"a record that the stream forgets first", `search: {current: {maxAgeHours: 168}}`, `search.current.maxAgeHours: 168 hours, but the stream deletes a record after stream.retentionHours: 168, before it could be parked: use less, or a longer retention`},
	{"a reservation that throttles one shard", `search: {current: {parallelization: 4, reservedConcurrency: 2}}`, `search.current.reservedConcurrency: 2 is less than the calls for one shard (search.current.parallelization: 4): reserve that many for each shard, or remove this key`},
	{"more memory than Lambda has", `search: {current: {memoryMb: 20000}}`, `search.current.memoryMb: 20000 is out of range: use 128 to 10240 MB`},
	{"a call that takes too long", `search: {current: {timeoutSeconds: 901}}`, `search.current.timeoutSeconds: 901 is out of range: use 10 to 900 seconds`},
	{"a sweep too rare", `search: {current: {sweepHours: 169}}`, `search.current.sweepHours: 169 is out of range: use 1 to 168 hours`},
}
