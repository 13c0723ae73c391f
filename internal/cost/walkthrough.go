package cost

// Walkthrough is the monthly cost of the walkthrough's eight stacks without rows, at the defaults of its repository
// (https://github.com/aws-samples/aws-dms-cdc-data-pipeline, cdk_stacks/): two db.t3.medium (aurora_mysql.py), a
// dms.t3.medium (dms_aurora_mysql_to_kinesis.py), three r6g.large.search and three masters of that type (ops.py), a
// t3.medium (bastion_host.py), a VPC over three zones with a NAT gateway in each, as aws_ec2.Vpc makes them (vpc.py),
// an on-demand stream that keeps records for a day (kds.py), and one delivery in the VPC (firehose.py).
func Walkthrough() Bill {
	const zones = 3
	var b Bill
	b.add("Aurora instances", "", "db.t3.medium", 2, HoursAMonth)
	b.add("DMS instance", "", "dms.t3.medium", 1, HoursAMonth)
	b.add("Kinesis stream, on demand", "", "Kinesis on demand", 1, HoursAMonth)
	b.add("Firehose in the VPC, by zone", "", "Firehose zone", zones, HoursAMonth)
	b.add("OpenSearch data nodes", "", "r6g.large.search", zones, HoursAMonth)
	b.add("OpenSearch dedicated masters", "", "r6g.large.search", zones, HoursAMonth)
	b.add("OpenSearch volumes, GB", "", "OpenSearch gp3", zones, 10)
	b.add("NAT gateways", "", "NAT gateway", zones, HoursAMonth)
	b.add("public addresses of the NAT gateways and the bastion", "", "public address", zones+1, HoursAMonth)
	b.add("bastion", "", "t3.medium", 1, HoursAMonth)
	b.add("bastion's volume, GB", "", "EBS gp3", 1, BastionVolumeGb)
	b.add("secrets of the database and of the domain", "", "secret", 2)
	return b
}

// keptDays is how long the comparison keeps objects: the time in which a lake's objects pass through their storage
// classes here.
const keptDays = 365

// WalkthroughRows is the additional monthly cost of a load: one reader of the stream, each change once in the index
// and once, unchanged, in S3.
func WalkthroughRows(l Load) Bill {
	var b Bill
	b.add("Kinesis: written, GB", "", "Kinesis in", l.InKinesis())
	b.add("Kinesis: read by the delivery, GB", "", "Kinesis out", l.InKinesis())
	b.add("Firehose: a delivery, GB", "", "Firehose", l.InFirehose())
	b.add("Firehose: into the VPC, GB", "", "Firehose VPC GB", l.InFirehose())
	b.add("DMS: into the stream, GB", "", "NAT GB", l.Raw())
	b.add("S3: objects written, thousands", "", "S3 PUT", HoursAMonth*60/1000.0)
	b.add("S3: days in Standard × GB a day", "", "S3 Standard", keptDays, l.Raw()/DaysAMonth)
	return b
}
