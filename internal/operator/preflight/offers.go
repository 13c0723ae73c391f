package preflight

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/footprint"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// offers checks that AWS offers the chosen versions and types in the region and zones.
func offers(s *Stack) []Check {
	c := s.Config
	var all []Check
	if s.makesVPC() {
		all = append(all, look{"offer/zones", enoughZones})
	}
	if s.makesDomain() {
		all = append(all, ofDomain(c.Search)...)
	}
	for _, f := range c.Feeds() {
		all = append(all, ofSource(f)...)
	}
	if s.tunnels() {
		all = append(all, offer{name: "offer/bastion-type", key: "bastion.instanceType", want: c.Bastion.InstanceType, list: bastionTypes, first: 1, least: 1})
	}
	return all
}

// ofSource checks the versions and classes of a source's cluster and replication instance.
func ofSource(f config.Feed) (all []Check) {
	if makesCluster(f) {
		engine := footprint.DatabaseEngine(f.Source.Engine)
		all = append(
			all,
			release{name: of("offer/database-version", f), key: f.Key("source.engineVersion"), want: f.Source.EngineVersion, list: databaseVersions(engine)},
			offer{name: of("offer/database-class", f), key: f.Key("source.instanceClass"), want: f.Source.InstanceClass, list: databaseClasses(engine, f.Source.EngineVersion), least: f.Source.Instances},
		)
	}
	if replicates(f, config.OnInstance) {
		all = append(
			all,
			release{name: of("offer/dms-version", f), key: f.Key("replication.engineVersion"), want: f.Replication.EngineVersion, list: dmsVersions},
			offer{name: of("offer/dms-class", f), key: f.Key("replication.instanceClass"), want: f.Replication.InstanceClass, list: dmsClasses(f.Replication.EngineVersion), least: 1 + count(*f.Replication.MultiAz)},
		)
	}
	return all
}

// ofDomain checks the domain's version and types. The domain uses the first of the stack's zones. Each of them must
// offer the types.
func ofDomain(c config.Search) []Check {
	zones := c.AvailabilityZones
	all := []Check{
		release{name: "offer/search-version", key: "search.engineVersion", want: c.EngineVersion, list: searchVersions},
		offer{name: "offer/search-type", key: "search.instanceType", want: c.InstanceType, list: searchTypes, first: zones, least: zones},
	}
	if *c.DedicatedMasters > 0 {
		all = append(all, offer{
			name: "offer/search-master-type", key: "search.dedicatedMasterType", want: c.DedicatedMasterType, list: searchTypes, first: zones, least: zones,
		})
	}
	return all
}

// release checks that AWS offers a version.
type release struct {
	name, key, want string
	list            func(context.Context, *Stack) ([]string, error)
}

func (r release) Name() string { return r.name }

func (r release) Look(ctx context.Context, s *Stack) (Finding, error) {
	offered, err := r.list(ctx, s)
	if err != nil {
		return Finding{}, err
	}
	if slices.Contains(offered, r.want) {
		return good("%s", r.want)
	}
	return bad(s.instead(r.key, r.want, offered), "%s: AWS does not offer %s in %s", r.key, r.want, s.AWS.Region)
}

// offer checks that AWS offers an instance type in enough zones.
type offer struct {
	name, key, want string
	// list returns the zones of each offered type. The zones are empty if the service does not report them.
	list func(context.Context, *Stack) (map[string][]string, error)
	// first is how many of the stack's zones are checked. 0 means all. The type must be offered in at least least of
	// these zones, or in all if there are fewer.
	first, least int
}

func (o offer) Name() string { return o.name }

func (o offer) Look(ctx context.Context, s *Stack) (Finding, error) {
	zones, err := s.zones(ctx)
	if err != nil {
		return Finding{}, err
	}
	if o.first > 0 {
		zones = zones[:min(o.first, len(zones))]
	}
	offered, err := o.list(ctx, s)
	if err != nil {
		return Finding{}, err
	}
	least := min(o.least, len(zones))
	having := func(typ string) (have []zone) {
		for _, z := range zones {
			if listed := offered[typ]; len(listed) == 0 || z.in(listed) {
				have = append(have, z)
			}
		}
		return have
	}
	_, known := offered[o.want]
	have := having(o.want)
	if known && len(have) >= least {
		return good("%s in %s", o.want, zoneNames(have))
	}
	var others []string
	for _, typ := range slices.Sorted(maps.Keys(offered)) {
		if len(having(typ)) >= least {
			others = append(others, typ)
		}
	}
	commands := s.instead(o.key, o.want, others)
	switch {
	case !known:
		return bad(commands, "%s: AWS does not offer %s in %s", o.key, o.want, s.AWS.Region)
	case len(have) == 0:
		return bad(commands, "%s: AWS does not offer %s in %s", o.key, o.want, zoneNames(zones))
	}
	return bad(commands, "%s: AWS offers %s only in %s, but %d zones of %s are needed", o.key, o.want, zoneNames(have), least, zoneNames(zones))
}

// instead returns a command that sets a key to the available value most similar to the unavailable one.
func (s *Stack) instead(key, value string, offered []string) []string {
	if len(offered) == 0 {
		return nil
	}
	nearest := slices.MinFunc(offered, func(a, b string) int { return distance(value, a) - distance(value, b) })
	return []string{s.set(key, nearest)}
}

// distance compares two types or versions. A different size counts more than a different family.
func distance(a, b string) int {
	d := levenshtein.Distance(a, b, nil)
	if size(a) != size(b) {
		d += 10
	}
	return d
}

// size returns the size in a type's name, such as large in r7g.large.search and db.r7g.large.
func size(typ string) string {
	typ = strings.TrimSuffix(typ, ".search")
	return typ[strings.LastIndex(typ, ".")+1:]
}

// reading wraps the error of a list. AWS's errors say which call failed.
func reading(what string, err error) error { return fmt.Errorf("reading %s: %w", what, err) }
