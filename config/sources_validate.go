package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// mostSources limits the named sources of a stack. Each has a function, deliveries and a task, and an account may
// have only tens of tasks.
const mostSources = 20

var (
	sourceName = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)
	plainKey   = regexp.MustCompile(`^[A-Za-z0-9_-]+$`) // a key that needs no quotes in a path
)

// reservedNames lists the names of other parts of the stack, and words that have another meaning in the place of a
// source's name.
var reservedNames = []string{
	"account", "all", "bastion", "bootstrap", "canary", "catalog", "collections", "control", "current", "dms", "feed", "history", "key", "lake", "linked",
	"network", "observability", "replication", "rotation", "search", "source", "stream", "tables", "unnamed",
}

// refuseName refuses an invalid name of a source.
func refuseName(p *problems, name string) bool {
	key := "sources." + name
	if !plainKey.MatchString(name) {
		key = fmt.Sprintf("sources[%q]", name)
	}
	switch {
	case !sourceName.MatchString(name):
		p.add(key, "%q must be a name of 1 to 16 lower-case letters and digits that begins with a letter, because it becomes part of the names of the source's resources", name)
	case slices.Contains(reservedNames, name):
		p.add(key, "%q is the name of another part of the stack: give the source another name, such as its database's", name)
	default:
		return false
	}
	return true
}

// validateSources checks the unnamed source. It also checks that the configuration says whether there is one.
func (c Config) validateSources() error {
	var p problems
	const key = "source.enabled"
	switch {
	case c.ambiguous():
		p.add(key, "must be set if sources is set and the section source is empty: true keeps the source without a name, which every stack made without sources has; false has only the named sources")
	case c.unnamed():
		return c.Source.Validate()
	default:
		if len(c.Sources) == 0 {
			p.add(key, "is false, but sources is empty: name a source there, or remove this key")
		}
		source := reflect.ValueOf(c.Source)
		for i := range source.NumField() {
			if name := source.Type().Field(i).Tag.Get("json"); name != "enabled" && !isEmpty(source.Field(i)) {
				p.add("source."+name, "cannot be set together with source.enabled: false, because that source does not exist then; remove one of the two")
			}
		}
		if c.Stream.Name != defaultStreamName {
			p.add("stream.name", "cannot be set together with source.enabled: false, because each named source has a stream of its own; set sources.<name>.stream.name")
		}
	}
	return p.join()
}

// validateNamedSources checks each named source, and all of them together.
func (c Config) validateNamedSources() error {
	var p problems
	if len(c.Sources) > mostSources {
		p.add("sources", "has %d sources: name at most %d in a stack, and the others in another stack", len(c.Sources), mostSources)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sources)) {
		if !refuseName(&p, name) {
			c.Sources[name].validate(&p, c, Feed{Name: name})
		}
	}
	c.validateApart(&p)
	return p.join()
}

func (s NamedSource) validate(p *problems, c Config, named Feed) {
	if s.Enabled != nil {
		p.add(named.Key("source.enabled"), "is only for the section source: a named source exists as long as sources names it; remove the key, or the source")
	}
	*p = append(*p, s.Source.validate(named.Key("source")))
	*p = append(*p, beyond(c.Stream, s.Stream, "stream", named.Key("stream"))...)
	*p = append(*p, beyond(c.Replication, s.Replication, "replication", named.Key("replication"))...)
}

// beyond returns the problems of a source's own section. It omits those that the source inherits from the shared
// section, because they are reported there.
func beyond[S interface{ validate(at string) problems }](section, own S, name, key string) (p problems) {
	var told []string
	for _, problem := range section.validate(name) {
		told = append(told, problem.Error())
	}
	as := own.validate(key)
	for i, problem := range own.validate(name) {
		if !slices.Contains(told, problem.Error()) {
			p = append(p, as[i])
		}
	}
	return p
}

// validateHistories refuses a source whose history index would match the daily indices of the unnamed source.
func (c Config) validateHistories(p *problems) {
	const key = "search.historyIndex"
	base := c.Search.HistoryIndex
	for _, f := range c.Feeds() {
		index := f.Search.HistoryIndex
		if f.Name == "" || base == "" {
			continue
		}
		switch i := slices.IndexFunc(reservedIndices, func(r string) bool { return strings.HasPrefix(index, r) }); {
		case len(index) > maxHistoryIndex && len(base) <= maxHistoryIndex:
			p.add(key, "makes a name of %d bytes, %q, for the history of %s: Firehose allows at most %d", len(index), index, f.Key("source"), maxHistoryIndex)
		case i >= 0:
			p.add(key, "makes the name %q for the history of %s, but %s* are other indices: give one of the two another name", index, f.Key("source"), reservedIndices[i])
		case c.unnamed() && strings.HasPrefix(index, base):
			p.add(key, "the pattern %s* also matches %s, the history of %s: give one of the two another name", base, index, f.Key("source"))
		}
	}
}
