package config

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
)

// Replication is the DMS task that turns committed rows into records of the stream.
type Replication struct {
	// Kind is what the task runs on: a replication instance, or serverless capacity. Default instance.
	Kind ReplicationKind `json:"kind" pulumi:"kind,optional"`
	// Next is the kind to move to. The stack makes a second task of that kind beside the present one, and `cdc start --next` loads it.
	// Afterwards set Kind to this kind and remove Next. Default none.
	Next ReplicationKind `json:"next" pulumi:"next,optional"`
	// InstanceClass is the class of the replication instance. Default dms.t3.medium in dev, dms.r6i.large in prod.
	InstanceClass string `json:"instanceClass" pulumi:"instanceClass,optional"`
	// EngineVersion is the version of DMS on the replication instance, 3.5.4 or newer. Default 3.6.1.
	EngineVersion string `json:"engineVersion" pulumi:"engineVersion,optional"`
	// StorageGb is the storage of the replication instance, 5 to 6144. Default 50.
	StorageGb int `json:"storageGb" pulumi:"storageGb,optional"`
	// MaxDcu is the most capacity that a serverless task uses, in units of 2 GB of memory: 1, 2, 4, 8, 16, 32, 64, 128, 192, 256 or 384.
	// Default 4 in dev, 16 in prod.
	MaxDcu int `json:"maxDcu" pulumi:"maxDcu,optional"`
	// MinDcu is the least capacity that a serverless task keeps. It is one of the same numbers and at most MaxDcu. Default 1 in dev, 2 in
	// prod.
	MinDcu int `json:"minDcu" pulumi:"minDcu,optional"`
	// MultiAz keeps a standby in another zone. Default false in dev, true in prod.
	MultiAz *bool `json:"multiAz" pulumi:"multiAz,optional"`
	// MigrationType is what the task does. Default full-load-and-cdc.
	MigrationType MigrationType `json:"migrationType" pulumi:"migrationType,optional"`
	// LobMaxSizeKb is the largest LOB that the task accepts, 1 to 1024. A larger one stops the task; nothing is truncated. Default 64.
	LobMaxSizeKb int `json:"lobMaxSizeKb" pulumi:"lobMaxSizeKb,optional"`
}

// ReplicationKind names what a DMS task runs on.
type ReplicationKind string

const (
	// OnInstance runs on a replication instance.
	OnInstance ReplicationKind = "instance"
	// Serverless runs on capacity that DMS provides as needed.
	Serverless ReplicationKind = "serverless"
)

// Kinds returns the kinds of the stack's tasks: the present kind, and Next if it is set.
func (s Replication) Kinds() []ReplicationKind {
	if s.Next == "" || s.Next == s.Kind {
		return []ReplicationKind{s.Kind}
	}
	return []ReplicationKind{s.Kind, s.Next}
}

// Serverless reports whether one of the tasks is serverless.
func (s Replication) Serverless() bool { return slices.Contains(s.Kinds(), Serverless) }

// dcus lists the capacities that DMS accepts:
// https://docs.aws.amazon.com/dms/latest/APIReference/API_ComputeConfig.html.
var dcus = []int{1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384}

// MigrationType names what a DMS task does.
type MigrationType string

const (
	// FullLoadAndCDC loads the tables, then follows their changes.
	FullLoadAndCDC MigrationType = "full-load-and-cdc"
	// FullLoad loads the tables once.
	FullLoad MigrationType = "full-load"
	// CDC only follows changes.
	CDC MigrationType = "cdc"
)

// WithDefaults fills unset settings.
func (s Replication) WithDefaults(env Environment) Replication {
	s.Kind = cmp.Or(s.Kind, OnInstance)
	s.MultiAz = cmp.Or(s.MultiAz, new(env == Prod))
	for _, kind := range s.Kinds() {
		switch kind {
		case OnInstance:
			s.InstanceClass = cmp.Or(s.InstanceClass, choose(env, "dms.t3.medium", "dms.r6i.large"))
			s.EngineVersion = cmp.Or(s.EngineVersion, "3.6.1")
			s.StorageGb = cmp.Or(s.StorageGb, 50)
		case Serverless:
			s.MaxDcu = cmp.Or(s.MaxDcu, choose(env, 4, 16))
			s.MinDcu = cmp.Or(s.MinDcu, min(choose(env, 1, 2), s.MaxDcu))
		}
	}
	s.MigrationType = cmp.Or(s.MigrationType, FullLoadAndCDC)
	s.LobMaxSizeKb = cmp.Or(s.LobMaxSizeKb, 64)
	return s
}

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Replication) Validate() error { return s.validate("replication").join() }

// validate reports problems with the user's keys, which begin with at.
func (s Replication) validate(at string) (p problems) {
	oneOf(&p, at+".kind", s.Kind, OnInstance, Serverless)
	if s.Next != "" {
		oneOf(&p, at+".next", s.Next, OnInstance, Serverless)
		if s.Next == s.Kind {
			p.add(at+".next", "%s is the present %s.kind: remove this key, or give the other kind", s.Next, at)
		}
	}
	s.validateInstance(&p, at)
	s.validateServerless(&p, at)
	oneOf(&p, at+".migrationType", s.MigrationType, FullLoadAndCDC, FullLoad, CDC)
	p.between(at+".lobMaxSizeKb", s.LobMaxSizeKb, 1, 1024, "KB: a Kinesis record has at most 1 MB")
	return p
}

// validateInstance checks the settings of a replication instance. It refuses them if no task runs on an instance.
func (s Replication) validateInstance(p *problems, at string) {
	if !slices.Contains(s.Kinds(), OnInstance) {
		for _, f := range []struct {
			key string
			set bool
		}{{at + ".instanceClass", s.InstanceClass != ""}, {at + ".engineVersion", s.EngineVersion != ""}, {at + ".storageGb", s.StorageGb != 0}} {
			if f.set {
				p.add(f.key, "is a setting of a replication instance, but neither %[1]s.kind nor %[1]s.next is instance: remove it", at)
			}
		}
		return
	}
	p.matches(at+".instanceClass", s.InstanceClass, dmsClass, "a replication instance class such as dms.t3.medium")
	if p.matches(at+".engineVersion", s.EngineVersion, dmsVersion, "a full version such as 3.6.1") && versionBelow(s.EngineVersion, 3, 5, 4) {
		p.add(at+".engineVersion", "%s writes large integers in scientific notation and AWS makes no new instances of it: use 3.5.4 or newer", s.EngineVersion)
	}
	p.between(at+".storageGb", s.StorageGb, 5, 6144, "GB")
}

// validateServerless checks the settings of serverless capacity. It refuses them if no task is serverless.
func (s Replication) validateServerless(p *problems, at string) {
	units := []struct {
		key   string
		value int
	}{{at + ".maxDcu", s.MaxDcu}, {at + ".minDcu", s.MinDcu}}
	if !s.Serverless() {
		for _, u := range units {
			if u.value != 0 {
				p.add(u.key, "is a setting of a serverless task, but neither %[1]s.kind nor %[1]s.next is serverless: remove it", at)
			}
		}
		return
	}
	for _, u := range units {
		oneOf(p, u.key, u.value, dcus...)
	}
	if s.MinDcu > s.MaxDcu {
		p.add(at+".minDcu", "%d is above %s.maxDcu, which is %d: use at most that", s.MinDcu, at, s.MaxDcu)
	}
}

var (
	dmsClass   = regexp.MustCompile(`^dms\.[a-z][a-z0-9]*\.[a-z0-9]+$`)
	dmsVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	number     = regexp.MustCompile(`[0-9]+`)
)

// versionBelow compares the numbers in version with least, one after the other.
func versionBelow(version string, least ...int) bool {
	for i, part := range number.FindAllString(version, len(least)) {
		if n, err := strconv.Atoi(part); err != nil || n != least[i] {
			return n < least[i]
		}
	}
	return false
}
