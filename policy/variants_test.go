package main_test

import (
	"cdcpipeline/config"
	"testing"

	"github.com/stretchr/testify/require"
)

// A stack with features turned off breaks only the rules of these features.
func TestVariantsBreakOnlyWhatTheyTurnOff(t *testing.T) {
	for name, v := range map[string]struct {
		cfg    config.Config
		breaks []string
	}{
		"NAT instead of endpoints":              {cfg: config.Config{Network: config.Network{Egress: config.EgressNAT}}, breaks: []string{"ec2-57"}},
		"no bastion":                            {cfg: config.Config{Search: config.Search{Reach: config.ReachDirect}}},
		"no rotation":                           {cfg: config.Config{Source: config.Source{RotationDays: new(0)}}, breaks: []string{"secretsmanager-1"}},
		"no flow logs":                          {cfg: config.Config{Network: config.Network{FlowLogs: new(false)}}, breaks: []string{"ec2-6"}},
		"one replication instance":              {cfg: config.Config{Replication: config.Replication{MultiAz: new(false)}}, breaks: []string{"dms-13"}},
		"a serverless task":                     {cfg: config.Config{Replication: config.Replication{Kind: config.Serverless}}},
		"a serverless task without a standby":   {cfg: config.Config{Replication: config.Replication{Kind: config.Serverless, MultiAz: new(false)}}, breaks: []string{"dms-13"}},
		"a domain, and collections next":        {cfg: config.Config{Search: config.Search{Next: config.OnCollections}}},
		"collections, and a domain next":        {cfg: config.Config{Search: config.Search{Kind: config.OnCollections, Next: config.OnDomain}}},
		"tasks of both kinds":                   {cfg: config.Config{Replication: config.Replication{Next: config.Serverless}}},
		"provisioned shards":                    {cfg: config.Config{Stream: config.Stream{Shards: 2}}},
		"access logs":                           {cfg: config.Config{Lake: config.Lake{LogBucket: "logs-of-the-account"}}},
		"no tables":                             {cfg: config.Config{Lake: config.Lake{Tables: config.LakeTables{Format: config.FormatNone}}}},
		"tables of Delta Lake":                  {cfg: config.Config{Lake: config.Lake{Tables: config.LakeTables{Format: config.FormatDelta}}}},
		"alarms of the tables' job":             {cfg: config.Config{Lake: config.Lake{Tables: config.LakeTables{AlarmTopic: "arn:aws:sns:us-east-1:123456789012:ops"}}}},
		"no alarms":                             {cfg: config.Config{Alarms: config.Alarms{Enabled: new(false)}}, breaks: []string{"failures-are-told"}},
		"no dashboard":                          {cfg: config.Config{Alarms: config.Alarms{Dashboard: new(false)}}},
		"alarms to a topic of the user's":       {cfg: config.Config{Alarms: config.Alarms{TopicArn: "arn:aws:sns:us-east-1:123456789012:ops"}}},
		"alarms to addresses":                   {cfg: config.Config{Alarms: config.Alarms{Emails: []string{"ops@example.com"}}}},
		"collections":                           {cfg: config.Config{Search: config.Search{Kind: config.OnCollections}}},
		"collections without standbys":          {cfg: config.Config{Search: config.Search{Kind: config.OnCollections, StandbyReplicas: new(false)}}, breaks: []string{"collections-have-standbys"}},
		"collections that are reached directly": {cfg: config.Config{Search: config.Search{Kind: config.OnCollections, Reach: config.ReachDirect}}},
		"MySQL's own port":                      {cfg: config.Config{Source: config.Source{Port: 3306}}, breaks: []string{"rds-23"}},
		"PostgreSQL":                            {cfg: config.Config{Source: config.Source{Engine: config.EnginePostgreSQL}}},
		"PostgreSQL's own port":                 {cfg: config.Config{Source: config.Source{Engine: config.EnginePostgreSQL, Port: 5432}}, breaks: []string{"rds-23"}},
		"PostgreSQL's slot, and who is told":    {cfg: config.Config{Source: config.Source{Engine: config.EnginePostgreSQL, AlarmTopic: "arn:aws:sns:us-east-1:123456789012:ops"}}},
		"a serverless task of PostgreSQL":       {cfg: config.Config{Source: config.Source{Engine: config.EnginePostgreSQL}, Replication: config.Replication{Kind: config.Serverless}}},
	} {
		t.Run(name, func(t *testing.T) {
			v.cfg.Environment = config.Prod
			a := serve(t, "prod")
			require.ElementsMatch(t, v.breaks, broken(t, a, first(t, v.cfg)), "at the first preview")
			require.ElementsMatch(t, v.breaks, broken(t, a, deployed(t, v.cfg)), "when deployed")
		})
	}
}

// Both kinds of replication and of search satisfy the rules in every combination, in both environments.
func TestEveryCombinationOfKindsKeepsTheRules(t *testing.T) {
	for _, environment := range []config.Environment{config.Dev, config.Prod} {
		a := serve(t, string(environment))
		for _, task := range []config.ReplicationKind{config.OnInstance, config.Serverless} {
			for _, place := range []config.SearchKind{config.OnDomain, config.OnCollections} {
				cfg := config.Config{Environment: environment, Replication: config.Replication{Kind: task}, Search: config.Search{Kind: place}}
				require.Empty(t, broken(t, a, first(t, cfg)), "%s, %s, %s: at the first preview", environment, task, place)
				require.Empty(t, broken(t, a, deployed(t, cfg)), "%s, %s, %s: when deployed", environment, task, place)
			}
		}
	}
}

// Sources of both engines satisfy the rules in both environments. In dev, an exception for one source applies to
// each.
func TestSeveralSourcesKeepTheRules(t *testing.T) {
	for _, environment := range []config.Environment{config.Dev, config.Prod} {
		a := serve(t, string(environment))
		cfg := config.Config{Environment: environment, Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{
			"orders": {Source: config.Source{Engine: config.EnginePostgreSQL}},
			"stock":  {Replication: config.Replication{Kind: config.Serverless}},
		}}
		require.Empty(t, broken(t, a, first(t, cfg)), "%s: at the first preview", environment)
		require.Empty(t, broken(t, a, deployed(t, cfg)), "%s: when deployed", environment)
	}
}
