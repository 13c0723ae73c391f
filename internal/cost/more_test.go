package cost_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/cost"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sourced is a stack with the unnamed source and further ones.
func sourced(environment config.Environment, sources map[string]config.NamedSource) config.Config {
	return config.Config{Environment: environment, Source: config.Source{Enabled: new(true)}, Sources: sources}.WithDefaults()
}

func TestAFurtherSourceAddsWhatIsItsOwn(t *testing.T) {
	for _, environment := range environments {
		one := defaults(environment)
		both := sourced(environment, map[string]config.NamedSource{"orders": {}})
		more := cost.Furthers[0].Bill(environment)
		require.InDelta(t, cost.Fixed(one).USD()+more.USD(), cost.Fixed(both).USD(), 1e-9)
		require.InDelta(t, 2*cost.Rows(one, cost.Example).USD(), cost.Rows(both, cost.Example).USD(), 1e-9, "each has the load")
		require.InDelta(t, cost.Rows(one, cost.Example).USD(), cost.Furthers[0].Rows(environment).USD(), 1e-9)
		for price, times := range map[string]float64{"Kinesis on demand": 2, "Firehose zone": 2, both.Source.InstanceClass: 2, both.Replication.InstanceClass: 2, "Glue DPU": 2, "interface endpoint": 1, "KMS key": 1, "t4g.nano": 1, both.Search.InstanceType: 1, "OpenSearch gp3": 1} {
			require.InDelta(t, times*quantity(cost.Fixed(one), price), quantity(cost.Fixed(both), price), 1e-9, "%s in %s", price, environment)
		}
	}
	require.InDelta(t, 730*(0.073+0.0745+0.04+2*0.01)+2*0.4+32*0.1+2*0.5+6*0.3+730*60/1e6*(0.2+13.3334*cost.CanarySeconds*cost.CanaryMemoryMb/1024), cost.Furthers[0].Bill(config.Dev).USD(), 1e-9)
}

func TestEveryKindOfFurtherSourceIsOneThatTheProgramTakes(t *testing.T) {
	for _, environment := range environments {
		for _, f := range cost.Furthers {
			c := f.Config(environment)
			require.NoError(t, c.Validate(), f.What)
			bill := f.Bill(environment)
			require.Equal(t, strings.Contains(f.What, "exists"), quantity(bill, c.Source.InstanceClass) == 0, f.What)
			require.Equal(t, strings.Contains(f.What, "serverless"), quantity(bill, "DMS DCU") > 0, f.What)
			require.Subset(t, []string{"dms.r6i.large", "DMS DCU"}, bill.NotFound(), f.What)
		}
	}
}

func TestALineNamesItsSourceAndTheSourcesKeys(t *testing.T) {
	bill := cost.Furthers[0].Bill(config.Dev)
	require.Equal(t, []string{"orders: Aurora instances", "sources.orders.instances, sources.orders.instanceClass"}, []string{bill[0].Item, bill[0].Keys})
	stream := line(t, bill, "Kinesis on demand")
	require.Equal(t, "sources.orders.stream.shards", stream.Keys)
	require.Equal(t, "network.availabilityZones", line(t, bill, "Firehose zone").Keys, "of all sources")
	require.Equal(t, "source.instances, source.instanceClass", cost.Fixed(defaults(config.Dev))[0].Keys)
}

func TestQuantitiesOfSeveralSourcesAreThoseOfTheResources(t *testing.T) {
	for _, environment := range environments {
		given := config.Config{Environment: environment, Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{"orders": {}, "stock": {Source: config.Source{Instances: 3}}}}
		r, bill := makes(t, given), cost.Fixed(given.WithDefaults())
		for class, instances := range classes(r.All("aws:rds/clusterInstance:ClusterInstance"), "instanceClass") {
			require.InDelta(t, instances*cost.HoursAMonth, quantity(bill, class), 1e-9, class)
		}
		dms := 0.0
		for _, x := range r.All("aws:dms/replicationInstance:ReplicationInstance") {
			dms++
			if x.Input("multiAz") == true {
				dms++
			}
		}
		require.InDelta(t, dms*cost.HoursAMonth, quantity(bill, given.WithDefaults().Replication.InstanceClass), 1e-9)
		require.InDelta(t, float64(len(r.All("aws:kinesis/stream:Stream")))*cost.HoursAMonth, quantity(bill, "Kinesis on demand"), 1e-9)
		require.InDelta(t, float64(len(r.All("aws:secretsmanager/secret:Secret"))+len(r.All("aws:rds/cluster:Cluster"))), quantity(bill, "secret"), 1e-9)
		zones := 0
		for _, x := range r.All("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream") {
			if search, ok := x.Input("opensearchConfiguration").(map[string]any); ok {
				zones += len(search["vpcConfig"].(map[string]any)["subnetIds"].([]any))
			}
		}
		require.InDelta(t, float64(zones)*cost.HoursAMonth, quantity(bill, "Firehose zone"), 1e-9)
		require.Equal(t, len(r.All("aws:glue/job:Job")), len(slices.DeleteFunc(slices.Clone(bill), func(l cost.Line) bool { return l.Price.Name != "Glue DPU" })))
	}
}

func TestAStackOfNamedSourcesAlonePaysForNoOther(t *testing.T) {
	c := config.Config{Source: config.Source{Enabled: new(false)}, Sources: map[string]config.NamedSource{"orders": {}}}.WithDefaults()
	require.InDelta(t, cost.Fixed(defaults(config.Dev)).USD(), cost.Fixed(c).USD(), 1e-9)
}

func TestThePageTellsWhatOneMoreSourceCosts(t *testing.T) {
	text, err := cost.Page()
	require.NoError(t, err)
	for _, row := range []string{
		"| a cluster, a task on an instance |  | 159.74 | 473.34, and 2 × dms.r6i.large |",
		"| a database that exists, a serverless task | `existing`, `replication.kind: serverless` | 50.97, and 1 × DMS DCU | 69.28, and 4 × DMS DCU |",
	} {
		require.Contains(t, string(text), row)
	}
}
