package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// alone returns the feed of a stack that has only this source.
func (s Source) alone(alarms Alarms, current *bool) Feed {
	return Config{Source: s, Alarms: alarms, Search: Search{Current: CurrentState{Enabled: current}}}.WithDefaults().Feeds()[0]
}

func TestASourceHasACanaryUnlessSomebodyElseWouldHaveToMakeItsTable(t *testing.T) {
	check := Source{Bootstrap: BootstrapCheck, Existing: &ExistingDatabase{Host: "db.example.com"}}
	require.True(t, Source{}.alone(Alarms{}, nil).Canary)
	require.False(t, Source{}.alone(Alarms{Canary: new(false)}, nil).Canary)
	require.False(t, Source{}.alone(Alarms{}, new(false)).Canary, "there is no index to look in")
	require.False(t, check.alone(Alarms{}, nil).Canary)
	require.True(t, check.alone(Alarms{Canary: new(true)}, nil).Canary)
	cfg := Config{Sources: map[string]NamedSource{"orders": {}}}.WithDefaults()
	require.True(t, cfg.Feeds()[0].Canary)
}

func TestTheCanarysTableIsFollowedOnce(t *testing.T) {
	tables := func(s Source, alarms Alarms) []Table { return s.alone(alarms, nil).Followed() }
	own := Table{Database: "shop", Table: "orders"}
	require.Equal(t, []Table{own, CanaryTable}, tables(Source{Tables: []Table{own}}, Alarms{}))
	require.Equal(t, []Table{own}, tables(Source{Tables: []Table{own}}, Alarms{Canary: new(false)}))
	all := []Table{{Database: "cdc%", Table: "%"}}
	require.Equal(t, all, tables(Source{Tables: all}, Alarms{}), "DMS would be told of it twice")
	followed := tables(Source{Tables: []Table{own}, Conformance: true}, Alarms{})
	require.Equal(t, []Table{own, {Database: "cdc_conformance", Table: "%"}, CanaryTable}, followed)
}

func TestACanaryThatCouldFindNothingIsRefused(t *testing.T) {
	cfg := Config{Alarms: Alarms{Canary: new(true)}, Search: Search{Current: CurrentState{Enabled: new(false)}}}
	require.ErrorContains(t, cfg.WithDefaults().Validate(), "alarms.canary: is true, but the canary looks for its row in the current index: set search.current.enabled")
	cfg = Config{Source: Source{
		Tables: []Table{{Database: "%", Table: "%"}}, Exclude: []ExcludedTable{{Database: "shop", Table: "%"}, {Database: "cdc%", Table: "%"}}, SchemaFiles: []string{"x.sql"},
	}}
	require.ErrorContains(t, cfg.WithDefaults().Validate(), "source.exclude[1]: cdc%.% excludes cdc_canary.heartbeat, the canary's table")
	require.NotContains(t, cfg.WithDefaults().Validate().Error(), "source.exclude[0]")
	cfg.Alarms.Canary = new(false)
	require.NoError(t, cfg.WithDefaults().Validate())
}
