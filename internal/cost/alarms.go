package cost

import "cdcpipeline/config"

// Number of alarms per part. components/observability has the table, and a test compares them.
const (
	alarmsOfStream, alarmsOfLake, alarmsOfHistory, alarmsOfRows = 3, 4, 4, 7
	alarmsOfTask, alarmsOfInstance, alarmsOfTables              = 3, 3, 3
	alarmsOfDomain, alarmsOfCollections, compositesOfSource     = 9, 2, 2
	alarmsOfCanary, metricsOfCanary                             = 6, 6
)

// CanarySeconds is the maximum duration of a canary call while changes are found soon. CanaryMemoryMb is its memory.
const (
	CanarySeconds  = 10
	CanaryMemoryMb = 256
)

// canary adds a function that runs once a minute, and its metrics.
func (b *Bill) canary(f config.Feed) {
	calls := count(f.Canary) * HoursAMonth * 60 / 1e6
	b.add("canary: calls, millions", "alarms.canary", "Lambda calls", calls)
	b.add("canary: millions of calls × seconds × GB", "alarms.canary", "Lambda time", calls, CanarySeconds, CanaryMemoryMb/1024.0)
	b.add("canary: metrics", "alarms.canary", "metric", metricsOfCanary*count(f.Canary))
}

// alarmsOf adds a source's alarms. The tables' job has its own alarms when it has its own topic, whether or not there
// are others.
func (b *Bill) alarmsOf(c config.Config, f config.Feed) {
	tables := alarmsOfTables * count(f.KeepsTables())
	slot := count(f.Source.PostgreSQL() && f.Source.Existing == nil)
	if !c.Alarms.On() {
		own := tables*count(f.Lake.Tables.AlarmTopic != "") + slot*count(f.Source.AlarmTopic != "" || f.Lake.Tables.AlarmTopic != "")
		b.add("alarms of topics of their own", "lake.tables.alarmTopic, source.alarmTopic", "alarm", own)
		return
	}
	place := alarmsOfHistory + alarmsOfRows*count(f.Search.Current.On())
	alarms := alarmsOfStream + alarmsOfLake + place*float64(len(f.Search.Kinds())) + tables + count(f.Source.Rotates())
	if f.Replication.Kind == config.OnInstance {
		alarms += alarmsOfTask
	}
	for _, kind := range f.Replication.Kinds() {
		alarms += alarmsOfInstance * count(kind == config.OnInstance)
	}
	// The log kept for a slot already has an alarm.
	alarms += slot + count(f.Source.Existing == nil) + (alarmsOfCanary-slot)*count(f.Canary)
	b.add("alarms", "alarms.enabled", "alarm", alarms)
	b.add("alarms over alarms", "alarms.enabled", "composite alarm", compositesOfSource)
}

// watched adds the alarms that all sources share, and the dashboard.
func (b *Bill) watched(c config.Config) {
	shared := alarmsOfDomain*count(c.Search.On(config.OnDomain)) + alarmsOfCollections*count(c.Search.On(config.OnCollections))
	b.add("alarms for the search service", "alarms.enabled, search.kind", "alarm", shared*count(c.Alarms.On()))
	b.add("dashboard", "alarms.dashboard", "dashboard", count(c.Alarms.Draws()))
}
