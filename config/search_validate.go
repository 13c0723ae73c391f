package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the machine that deploys may have no time zone files
)

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Search) Validate() error {
	var p problems
	oneOf(&p, "search.kind", s.Kind, OnDomain, OnCollections)
	if s.Next != "" {
		oneOf(&p, "search.next", s.Next, OnDomain, OnCollections)
		if s.Next == s.Kind {
			p.add("search.next", "%s is the present search.kind: remove this key, or give the other kind", s.Next)
		}
	}
	oneOf(&p, "search.reach", s.Reach, ReachTunnel, ReachDirect)
	if s.On(OnDomain) {
		s.validateDomain(&p)
	} else {
		refuseKeys(&p, s.ofDomain(), "is a setting of a domain, but neither search.kind nor search.next is domain: remove it")
	}
	if s.On(OnCollections) {
		s.validateCollections(&p)
	} else {
		refuseKeys(&p, s.ofCollections(), "is a setting of collections, but neither search.kind nor search.next is serverless: remove it")
	}
	if s.TunnelPort != 0 && s.TunnelPort == s.GatewayPort {
		p.add("search.gatewayPort", "%d is also search.tunnelPort: use another port for one of them", s.GatewayPort)
	}
	s.validateHistoryIndex(&p)
	p.between("search.historyRetentionDays", s.HistoryRetentionDays, 1, 3650, "days")
	p.between("search.bufferMb", s.BufferMb, 1, 100, "MB")
	p.optionalBetween("search.bufferSeconds", s.BufferSeconds, 0, 900, "seconds")
	p.optionalBetween("search.retrySeconds", s.RetrySeconds, 0, 7200, "seconds")
	p = append(p, s.Current.Validate())
	return p.join()
}

// setKey is a key with a flag that tells whether it is set.
type setKey struct {
	key string
	set bool
}

func refuseKeys(p *problems, keys []setKey, why string) {
	for _, k := range keys {
		if k.set {
			p.add(k.key, "%s", why)
		}
	}
}

// ofDomain returns the keys that only a domain has.
func (s Search) ofDomain() []setKey {
	return []setKey{
		{"search.domainName", s.DomainName != ""},
		{"search.engineVersion", s.EngineVersion != ""},
		{"search.instanceType", s.InstanceType != ""},
		{"search.instanceCount", s.InstanceCount != 0},
		{"search.availabilityZones", s.AvailabilityZones != 0},
		{"search.dedicatedMasters", s.DedicatedMasters != nil},
		{"search.dedicatedMasterType", s.DedicatedMasterType != ""},
		{"search.volumeGb", s.VolumeGb != 0},
		{"search.tunnelPort", s.TunnelPort != 0},
		{"search.timeZone", s.TimeZone != ""},
		{"search.passwordGeneration", s.PasswordGeneration != 0},
	}
}

// validateDomain checks the settings of a domain.
func (s Search) validateDomain(p *problems) {
	p.matches("search.domainName", s.DomainName, domainName, "3 to 28 lower-case letters, digits and hyphens, and must begin with a letter ([a-z][a-z0-9-]{2,27})")
	if p.matches("search.engineVersion", s.EngineVersion, engineVersion, "OpenSearch_ and a version such as OpenSearch_2.19") && versionBelow(s.EngineVersion, 2, 5) {
		p.add("search.engineVersion", "%s is too old: cdc needs point-in-time searches, which domains have since OpenSearch 2.5: use OpenSearch_2.19", s.EngineVersion)
	}
	s.validateNodes(p)
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		p.add("search.timeZone", "%q is not a time zone of the IANA database: write one such as Etc/UTC or Asia/Seoul", s.TimeZone)
	}
	p.between("search.passwordGeneration", s.PasswordGeneration, 0, 1_000_000, "generations")
	switch s.Reach {
	case ReachTunnel:
		p.between("search.tunnelPort", s.TunnelPort, 1024, 65535, "(lower ports need privileges)")
	case ReachDirect:
		apart(p, "search.tunnelPort", s.TunnelPort, "search.reach: direct", "there is no tunnel then; remove one of the two")
	}
}

var (
	domainName    = regexp.MustCompile(`^[a-z][a-z0-9-]{2,27}$`)
	engineVersion = regexp.MustCompile(`^OpenSearch_[0-9]+\.[0-9]+$`)
	searchType    = regexp.MustCompile(`^[a-z][a-z0-9]*\.[a-z0-9]+\.search$`)
)

// These instance types lack features:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html
var (
	noEncryption = regexp.MustCompile(`^(t2|m3|r3)\.`)
	noVolume     = regexp.MustCompile(`^(i[0-9][a-z]*|im4gn|r[0-9]gd)\.`)
)

// smallVolumes has the largest volume of burstable types, in GB:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html
var smallVolumes = map[string]int{"t3.small.search": 100, "t3.medium.search": 200}

func (s Search) validateNodes(p *problems) {
	validateNodeType(p, "search.instanceType", s.InstanceType)
	if noVolume.MatchString(s.InstanceType) {
		p.add("search.instanceType", "%s has disks of its own and cannot use an EBS volume: use a type without disks, such as r7g.large.search", s.InstanceType)
	}
	p.between("search.availabilityZones", s.AvailabilityZones, 1, 3, "zones")
	p.between("search.instanceCount", s.InstanceCount, 1, 200, "data nodes")
	if zones := s.AvailabilityZones; zones > 0 && (s.InstanceCount < zones || s.InstanceCount%zones != 0) {
		p.add("search.instanceCount", "%d data nodes do not spread evenly over search.availabilityZones: %d: use a multiple of %d", s.InstanceCount, zones, zones)
	}
	if strings.HasPrefix(s.InstanceType, "t3.") && s.InstanceCount > 10 {
		p.add("search.instanceCount", "%d data nodes are too many, because a domain of T3 nodes has at most 10: use fewer, or a larger search.instanceType", s.InstanceCount)
	}
	if s.DedicatedMasters != nil {
		oneOf(p, "search.dedicatedMasters", *s.DedicatedMasters, 0, 3, 5)
	}
	validateNodeType(p, "search.dedicatedMasterType", s.DedicatedMasterType)
	p.between("search.volumeGb", s.VolumeGb, 10, 16384, "GB")
	if limit, ok := smallVolumes[s.InstanceType]; ok && s.VolumeGb > limit {
		p.add("search.volumeGb", "%d GB is too much, because %s allows at most %d GB: use less, or a larger search.instanceType", s.VolumeGb, s.InstanceType, limit)
	}
}

func validateNodeType(p *problems, key, name string) {
	switch {
	case !p.matches(key, name, searchType, "an OpenSearch instance type such as t3.small.search"):
	case noEncryption.MatchString(name):
		p.add(key, "%s lacks encryption at rest and fine-grained access control, which every domain here needs: use t3.small.search or newer", name)
	case strings.HasPrefix(name, "t3.") && smallVolumes[name] == 0:
		p.add(key, "AWS does not offer %s: of the T3 types use t3.small.search or t3.medium.search", name)
	}
}

// nodes counts the domain's nodes, including dedicated masters.
func (s Search) nodes() int {
	if s.DedicatedMasters == nil {
		return s.InstanceCount
	}
	return s.InstanceCount + *s.DedicatedMasters
}

// reservedIndices lists prefixes of indices that others write: this pipeline's current indices and their registry,
// OpenSearch's audit log and its query insights.
var reservedIndices = []string{"current-", "cdc-current", "security-auditlog-", "top_queries-"}

// maxHistoryIndex is the longest index name that Firehose accepts.
const maxHistoryIndex = 80

// validateHistoryIndex checks the name against the rules of OpenSearch and Firehose:
// https://docs.opensearch.org/latest/api-reference/index-apis/create-index/#index-naming-restrictions
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonopensearchserviceDestinationConfiguration.html
func (s Search) validateHistoryIndex(p *problems) {
	const key = "search.historyIndex"
	name := s.HistoryIndex
	before := len(*p)
	switch {
	case name == "":
		p.add(key, "is missing: give the base name of the daily indices, or the name of the index in a collection")
		return
	case len(name) > maxHistoryIndex:
		p.add(key, "is %d bytes long: Firehose allows at most %d", len(name), maxHistoryIndex)
	}
	if name != strings.ToLower(name) {
		p.add(key, "%q must be lower-case: use %q", name, strings.ToLower(name))
	}
	if i := strings.IndexFunc(name, forbiddenInIndex); i >= 0 {
		p.add(key, "%q must not contain spaces, wildcards or any of \\ / ? \" < > | , # : (found %q)", name, []rune(name[i:])[0])
	}
	if strings.ContainsRune("-_+.", rune(name[0])) {
		p.add(key, "%q must not begin with - _ + or . (hidden and system indices): begin with a letter or digit", name)
	}
	if len(*p) > before {
		return
	}
	if s.Serverless() && !collectionIndex.MatchString(name) {
		p.add(key, "%q has characters that a policy of a collection cannot contain: use lower-case letters, digits, . _ and -", name)
		return
	}
	// The index template, the retention policy and the permissions apply to <name>*.
	if i := slices.IndexFunc(reservedIndices, func(r string) bool { return strings.HasPrefix(name, r) || strings.HasPrefix(r, name) }); i >= 0 {
		p.add(key, "the pattern %s* also matches the other indices %s*: choose a name that %q does not begin with", name, reservedIndices[i], fmt.Sprint(reservedIndices[i]))
	}
}

func forbiddenInIndex(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune(`\/*?"<>|,#:`, r)
}
