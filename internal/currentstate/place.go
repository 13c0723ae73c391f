package currentstate

import (
	"fmt"
	"regexp"
)

// RegistryPrefix is the prefix of the registries in the bucket. So a lost index or domain loses no epoch.
const RegistryPrefix = "registry/"

// Place is the name of a registry below [RegistryPrefix]. A registry has one JSON object for each table, with its
// definition and epochs. It also has a marker object, which says since when the registry is there
// ([registry.takeOver]). The shown epoch belongs to the indices. So two functions on one stream, which fill a
// domain and a collection, have a registry each. An empty name means current.
type Place string

// placeForm prevents names that are paths.
var placeForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Validate returns an error for an invalid name.
func (p Place) Validate() error {
	if p != "" && !placeForm.MatchString(string(p)) {
		return fmt.Errorf("%q is not the name of a registry: write up to 63 of a to z, 0 to 9 and hyphens, a hyphen not first", string(p))
	}
	return nil
}

func (p Place) name() string {
	if p == "" {
		return "current"
	}
	return string(p)
}

// entries returns the prefix of the tables' objects.
func (p Place) entries() string { return RegistryPrefix + p.name() + "/" }

// marker returns the key of the object that exists once the registry is complete in the bucket. Without it, tables
// may be missing.
func (p Place) marker() string { return RegistryPrefix + p.name() + ".json" }

// Objects returns the keys of a registry's objects as patterns for a policy.
func (p Place) Objects() []string { return []string{p.entries() + "*", p.marker()} }
