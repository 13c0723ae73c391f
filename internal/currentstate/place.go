package currentstate

import (
	"fmt"
	"regexp"
)

// RegistryPrefix is where in the bucket the registries are. An index or a whole domain that is lost takes no epoch with it.
const RegistryPrefix = "registry/"

// Place is the name of a registry below [RegistryPrefix]: one JSON object for each table, with its definition and its epochs, and the
// marker that says since when ([registry.takeOver]). Which epoch a table shows belongs to the indices that show it, so two functions on
// one stream that fill a domain and a collection each have a registry of their own. Empty is current.
type Place string

// placeForm keeps a name from being a path.
var placeForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Validate says what is wrong with a name.
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

// entries is the prefix of the tables' objects.
func (p Place) entries() string { return RegistryPrefix + p.name() + "/" }

// marker is the key of the object that says that the registry is in the bucket. Without it tables may be missing.
func (p Place) marker() string { return RegistryPrefix + p.name() + ".json" }

// Objects are the keys of a registry's objects, as patterns of a policy.
func (p Place) Objects() []string { return []string{p.entries() + "*", p.marker()} }
