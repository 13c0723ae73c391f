package cost

import (
	"cdcpipeline/config"
	"fmt"
)

// Saving is a configuration change that lowers the cost.
type Saving struct {
	Keys  string
	Apply func(*config.Config)
	// But is the trade-off.
	But string
}

// Savings are changes worth considering. The page omits a change that has no effect in an environment.
var Savings = []Saving{
	{"`network.vpcId`", adoptVPC, "a VPC that is there already, with a way out of its own that somebody pays: one for several pipelines is cheaper than one for each"},
	{"`network.vpcId`, `source.existing`", func(c *config.Config) {
		adoptVPC(c)
		c.Source.Existing = existing
	}, "the same, and a database that is there already, with its own bill"},
	{"`source.instances: 1`", func(c *config.Config) { c.Source.Instances = 1 }, "no reader that takes over: a failed instance is made anew, for minutes nothing is read or written. Policy `rds-15` wants an exception"},
	{
		"`search.dedicatedMasters: 0`", func(c *config.Config) { c.Search.DedicatedMasters = new(0) },
		"data nodes also lead the cluster, and a busy one can lose it. Policy `opensearch-11` wants an exception",
	},
	{"2 for `network.availabilityZones`, `search.availabilityZones`, `search.instanceCount`", func(c *config.Config) {
		if c.Environment == config.Prod { // dev has no more by default
			c.Network.AvailabilityZones, c.Search.AvailabilityZones, c.Search.InstanceCount = 2, 2, 2
		}
	}, "one node holds everything while the other is replaced, and a third of the storage is gone. Policy `opensearch-6` wants an exception"},
	{
		"`search.kind: serverless`", func(c *config.Config) { c.Search.Kind = config.OnCollections },
		"no nodes to size, and no security plugin, alias over days, ISM or slow logs; a change is found 10 to 30 s after it was written, and what a rate costs is AWS's to say: [which to take](#domain-or-collections)",
	},
	{
		"`replication.multiAz: false`", func(c *config.Config) { c.Replication.MultiAz = new(false) },
		"half the DMS instance's price. A failed instance is made anew and the task resumes; changes wait in the binary log. Policy `dms-13` wants an exception",
	},
	{
		"`stream.shards: 1`", func(c *config.Config) { c.Stream.Shards = 1 },
		"1 MB or 1,000 records a second and no more, until you set more shards; readers share 2 MB a second. A first load fills it",
	},
	{
		"`search.current.enabled: false`", func(c *config.Config) { c.Search.Current.Enabled = new(false) },
		"the history of changes alone: no index has each row as it is now",
	},
	{
		"`search.current.batchSeconds: 10`", func(c *config.Config) { c.Search.Current.BatchSeconds = new(10) },
		"rows are found up to ten seconds later",
	},
	{
		"`search.current.enhancedFanOut: false`", func(c *config.Config) { c.Search.Current.EnhancedFanOut = new(false) },
		"three readers share what a shard gives, and rows are found later when a lot is written",
	},
	{
		"`lake.tables.format: none`", func(c *config.Config) { c.Lake.Tables.Format = config.FormatNone },
		"Athena works out present rows from all changes, in each query",
	},
	{
		"`lake.tables.minutes: 720`", func(c *config.Config) { c.Lake.Tables.Minutes = 720 },
		"the tables are up to half a day old",
	},
	{
		"`search.reach: direct`", func(c *config.Config) { c.Search.Reach = config.ReachDirect },
		"no bastion: whoever deploys, and whoever searches, needs a way into the VPC",
	},
	{
		"`network.egress: nat`", func(c *config.Config) { c.Network.Egress = config.EgressNAT },
		"dearer, and private subnets reach the internet. Worth it only if your own servers there need it",
	},
}

// adoptVPC adopts a VPC with one subnet in each zone that a new VPC would use.
func adoptVPC(c *config.Config) {
	for zone := range c.Network.WithDefaults(c.Environment).AvailabilityZones {
		c.Network.PrivateSubnetIDs = append(c.Network.PrivateSubnetIDs, fmt.Sprintf("subnet-0123456789abcdef%d", zone))
	}
	c.Network.VpcID = "vpc-0123456789abcdef0"
}

// Saved is how much a change lowers a month's cost at a load; negative when it raises it. It is unknown when the
// change affects an item without a price.
func (s Saving) Saved(environment config.Environment, l Load) (usd float64, known bool) {
	before := config.Config{Environment: environment}.WithDefaults()
	after := config.Config{Environment: environment}
	s.Apply(&after)
	after = after.WithDefaults()
	for name, times := range unpriced(before) {
		if unpriced(after)[name] != times {
			return 0, false
		}
	}
	return month(before, l) - month(after, l), true
}

func month(c config.Config, l Load) float64 { return Fixed(c).USD() + Rows(c, l).USD() }

// unpriced is the quantity of each item without a price.
func unpriced(c config.Config) map[string]float64 {
	found := map[string]float64{}
	for _, l := range Fixed(c) {
		if !l.Price.Found() {
			l.Price.USD = 1
			found[l.Price.Name] += l.USD()
		}
	}
	return found
}
