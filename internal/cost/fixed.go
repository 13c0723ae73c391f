package cost

import (
	"cdcpipeline/config"
	"math"
	"strings"
)

// InterfaceEndpoints are the services with interface endpoints in the pipeline's own VPC, in every zone.
var InterfaceEndpoints = []string{"kinesis-streams", "secretsmanager", "ssm", "ssmmessages"}

// BastionVolumeGb is the root volume of Amazon Linux images, because the program sets no size.
const BastionVolumeGb = 8

// Fixed is the monthly cost that does not depend on rows: each source, then the shared parts. The configuration must
// have its defaults (WithDefaults).
func Fixed(c config.Config) Bill {
	var b Bill
	for _, f := range c.Feeds() {
		b = append(b, OfSource(c, f)...)
	}
	return append(b, shared(c)...)
}

// OfSource is one source's monthly cost that does not depend on rows.
func OfSource(c config.Config, f config.Feed) Bill {
	var b Bill
	if f.Source.Existing == nil {
		b.add("Aurora instances", "source.instances, source.instanceClass", f.Source.InstanceClass, float64(f.Source.Instances), HoursAMonth)
	}
	b.replication(f.Replication)
	b.stream(f)
	b.add("Firehose in the VPC, by zone", "network.availabilityZones", "Firehose zone", zones(c), HoursAMonth)
	b.tables(f)
	// The secrets of DMS's user and of the database's administrator, which RDS keeps.
	b.add("secrets of the source", "source.existing", "secret", count(f.Source.ReplicationSecretArn == "")+count(f.Source.Existing == nil))
	b.alarmsOf(c, f)
	b.canary(f)
	return b.of(f)
}

// of prefixes the lines with the source's name, and adds the source's keys.
func (b Bill) of(f config.Feed) Bill {
	if f.Name == "" {
		return b
	}
	for i, l := range b {
		keys := strings.Split(l.Keys, ", ")
		for k, key := range keys {
			if section, _, _ := strings.Cut(key, "."); section == "source" || section == "stream" || section == "replication" {
				keys[k] = f.Key(key)
			}
		}
		b[i].Item, b[i].Keys = f.Name+": "+l.Item, strings.Join(keys, ", ")
	}
	return b
}

// shared is the cost of the parts that exist once, whatever the number of sources.
func shared(c config.Config) Bill {
	var b Bill
	if c.Search.On(config.OnCollections) { // both, while the stack moves between the kinds
		b.collections(c)
	}
	if c.Search.On(config.OnDomain) {
		b.domain(c.Search)
	}
	b.network(c)
	bastion := count(c.Search.Reach == config.ReachTunnel)
	b.add("bastion", "bastion.instanceType, search.reach", c.Bastion.InstanceType, bastion, HoursAMonth)
	b.add("bastion's volume, GB", "search.reach", "EBS gp3", bastion, BastionVolumeGb)
	b.add("KMS key", "encryption.kmsKeyArn", "KMS key", count(c.Encryption.KmsKeyArn == ""))
	b.add("secret of the domain's master user", "search.kind", "secret", count(c.Search.On(config.OnDomain)))
	b.watched(c)
	return b
}

// replication adds what each task runs on. There are two tasks while the stack moves between the kinds.
func (b *Bill) replication(r config.Replication) {
	for _, kind := range r.Kinds() {
		if kind == config.Serverless {
			b.serverless(r)
		} else {
			b.instance(r)
		}
	}
}

// instance counts a Multi-AZ instance twice, like AWS's price, and storage beyond the class's included amount.
func (b *Bill) instance(r config.Replication) {
	instances := 1 + count(*r.MultiAz)
	item := "DMS instance"
	if *r.MultiAz {
		item += " and its standby"
	}
	b.add(item, "replication.instanceClass, replication.multiAz", r.InstanceClass, instances, HoursAMonth)
	included := 100
	if strings.HasPrefix(r.InstanceClass, "dms.t") {
		included = 50
	}
	b.add("DMS storage beyond the included, GB", "replication.storageGb", "DMS storage", instances, math.Max(0, float64(r.StorageGb-included)))
}

// serverless adds the minimum capacity, which a task always keeps, and the same for a standby.
func (b *Bill) serverless(r config.Replication) {
	b.add("DMS capacity units, the least", "replication.kind, replication.minDcu, replication.multiAz", "DMS DCU", 1+count(*r.MultiAz), float64(r.MinDcu), HoursAMonth)
}

func (b *Bill) domain(s config.Search) {
	nodes := float64(s.InstanceCount)
	b.add("OpenSearch data nodes", "search.instanceCount, search.instanceType", s.InstanceType, nodes, HoursAMonth)
	b.add("OpenSearch dedicated masters", "search.dedicatedMasters, search.dedicatedMasterType", s.DedicatedMasterType, float64(*s.DedicatedMasters), HoursAMonth)
	b.add("OpenSearch volumes, GB", "search.volumeGb", "OpenSearch gp3", nodes, float64(s.VolumeGb))
}

// tables adds the minimum cost of the tables' job: each run is billed for at least a minute.
func (b *Bill) tables(f config.Feed) {
	t := f.Lake.Tables
	runs := HoursAMonth * 60 / float64(t.Minutes)
	b.add("tables' job: workers × DPUs × runs × a minute, in hours", "lake.tables.format, lake.tables.minutes, lake.tables.workers, lake.tables.workerType", "Glue DPU",
		count(f.KeepsTables())*float64(t.Workers), float64(t.WorkerType.DPUs()), runs, 1.0/60)
}

// network adds the VPC's connection to AWS: endpoints or NAT gateways.
func (b *Bill) network(c config.Config) {
	switch {
	case c.Network.VpcID != "":
	case c.Network.Egress == config.EgressNAT:
		b.add("NAT gateways", "network.egress", "NAT gateway", zones(c), HoursAMonth)
		b.add("public addresses of the NAT gateways", "network.egress", "public address", zones(c), HoursAMonth)
	default:
		b.add("interface endpoints × zones", "network.egress, network.availabilityZones", "interface endpoint", float64(len(InterfaceEndpoints)), zones(c), HoursAMonth)
	}
}

// stream adds an on-demand stream by the hour, or a provisioned one by the shard. A consumer with its own throughput
// is then billed per shard too.
func (b *Bill) stream(f config.Feed) {
	shards := float64(f.Stream.Shards)
	b.add("Kinesis stream, on demand", "stream.shards", "Kinesis on demand", count(shards == 0), HoursAMonth)
	b.add("Kinesis shards", "stream.shards", "Kinesis shard", shards, HoursAMonth)
	b.add("Kinesis shards, kept beyond a day", "stream.retentionHours", "Kinesis shard kept", shards*count(f.Stream.RetentionHours > 24), HoursAMonth)
	b.add("Kinesis consumer, by shard", "search.current.enhancedFanOut", "Kinesis shard consumer", shards*count(fansOut(f)), HoursAMonth)
}

func fansOut(f config.Feed) bool {
	return f.Search.Current.On() && *f.Search.Current.EnhancedFanOut
}
