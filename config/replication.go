package config

import (
	"cmp"
	"regexp"
	"strconv"
)

// Replication is the DMS task that turns committed rows into stream records.
type Replication struct {
	// InstanceClass of the replication instance. Default dms.t3.medium in dev, dms.r6i.large in prod.
	InstanceClass string `json:"instanceClass"`
	// EngineVersion of DMS, 3.5.4 or newer. Default 3.6.1.
	EngineVersion string `json:"engineVersion"`
	// MultiAz keeps a standby instance. Default false in dev, true in prod.
	MultiAz *bool `json:"multiAz"`
	// StorageGb of the replication instance, 5 to 6144. Default 50.
	StorageGb int `json:"storageGb"`
	// MigrationType is what the task does. Default full-load-and-cdc.
	MigrationType MigrationType `json:"migrationType"`
	// LobMaxSizeKb truncates nothing: a larger LOB stops the task. 1 to 1024. Default 64.
	LobMaxSizeKb int `json:"lobMaxSizeKb"`
}

// MigrationType names what a DMS task does.
type MigrationType string

const (
	// FullLoadAndCDC loads the tables, then follows their changes.
	FullLoadAndCDC MigrationType = "full-load-and-cdc"
	// FullLoad loads the tables once.
	FullLoad MigrationType = "full-load"
	// CDC follows changes only.
	CDC MigrationType = "cdc"
)

// WithDefaults fills what is not set.
func (s Replication) WithDefaults(env Environment) Replication {
	s.InstanceClass = cmp.Or(s.InstanceClass, choose(env, "dms.t3.medium", "dms.r6i.large"))
	s.EngineVersion = cmp.Or(s.EngineVersion, "3.6.1")
	s.MultiAz = cmp.Or(s.MultiAz, new(env == Prod))
	s.StorageGb = cmp.Or(s.StorageGb, 50)
	s.MigrationType = cmp.Or(s.MigrationType, FullLoadAndCDC)
	s.LobMaxSizeKb = cmp.Or(s.LobMaxSizeKb, 64)
	return s
}

// Validate returns every problem, joined; call it after WithDefaults.
func (s Replication) Validate() error {
	var p problems
	p.matches("replication.instanceClass", s.InstanceClass, dmsClass, "a replication instance class such as dms.t3.medium")
	if p.matches("replication.engineVersion", s.EngineVersion, dmsVersion, "a full version such as 3.6.1") && versionBelow(s.EngineVersion, 3, 5, 4) {
		p.add("replication.engineVersion", "%s writes large integers in scientific notation and takes no new instances: use 3.5.4 or newer", s.EngineVersion)
	}
	p.between("replication.storageGb", s.StorageGb, 5, 6144, "GB")
	oneOf(&p, "replication.migrationType", s.MigrationType, FullLoadAndCDC, FullLoad, CDC)
	p.between("replication.lobMaxSizeKb", s.LobMaxSizeKb, 1, 1024, "KB: a Kinesis record holds 1 MB")
	return p.join()
}

var (
	dmsClass   = regexp.MustCompile(`^dms\.[a-z][a-z0-9]*\.[a-z0-9]+$`)
	dmsVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	number     = regexp.MustCompile(`[0-9]+`)
)

// versionBelow compares the numbers in version, in their order, with those of the least version.
func versionBelow(version string, least ...int) bool {
	for i, part := range number.FindAllString(version, len(least)) {
		if n, err := strconv.Atoi(part); err != nil || n != least[i] {
			return n < least[i]
		}
	}
	return false
}
