package size

// Dated is the day on which the limits were looked up.
const Dated = "2026-11-29"

// Seen says how a limit was found; none was measured on AWS.
type Seen string

const (
	// OnPage is the text of AWS's page, read in a stored copy.
	OnPage Seen = "AWS's page"
	// Measured is a result of this project's benchmark.
	Measured Seen = "measured here"
	// Ours is a rule of this model, not of AWS.
	Ours Seen = "a rule of ours"
	// Unseen means that no stored copy contains it.
	Unseen Seen = "not verified"
)

// Limit is the basis of a number in a plan.
type Limit struct {
	// Text states the limit as briefly as possible.
	Text string `json:"text"`
	// Source is AWS's page with the limit; for our own rule, the place where it is written.
	Source string `json:"source"`
	Seen   Seen   `json:"seen"`
}

const (
	kinesisPage  = "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"
	lambdaPage   = "https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html"
	accountPage  = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
	firehosePage = "https://docs.aws.amazon.com/firehose/latest/dev/limits.html"
	storagePage  = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-storage.html"
	shardingPage = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-sharding.html"
	nodesPage    = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-instances.html"
	volumesPage  = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html"
	mastersPage  = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-dedicatedmasternodes.html"
	dmsPage      = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_BestPractices.SizingReplicationInstance.html"
	binlogPage   = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/mysql-stored-proc-configuring.html"
	auroraPage   = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html"
	measuredPage = "docs/performance.md"
	thisModel    = "internal/size"
)

// Kinesis's limits per shard and second. AWS writes MB, and the smaller meaning is used.
const (
	ShardBytes     = 1e6
	ShardRecords   = 1000
	ShardReadBytes = 2e6
	// OnDemandShards is the initial number of shards of an on-demand stream, for its 4 MB a second.
	OnDemandShards = 4
)

// Lambda's limits for a function that reads a stream.
const (
	MostParallel   = 10
	MostInBatch    = 10_000
	PayloadBytes   = 6e6
	AccountCalls   = 1000
	eventOverhead  = 500 // bytes of an event around its record, from AWS's example
	base64Overhead = 4.0 / 3
)

// ActivePartitions is a delivery's default quota.
const ActivePartitions = 500

// ShardsPerHeapGiB is the recommended maximum of shards per GiB of a node's Java heap.
const ShardsPerHeapGiB = 25

// Constants in AWS's formulas for a domain's size.
const (
	indexOverhead   = 0.10
	linuxReserved   = 0.05
	serviceReserved = 0.20
	shardGiB        = 50 // the largest recommended for write-heavy indices
	vCPUsPer100GiB  = 2
	memoryPer100GiB = 8
	mostNodes       = 80
	leastVolumeGiB  = 10
)

// Aurora's limits.
const (
	mostBinlogHours  = 2160
	clusterVolumeTiB = 128
)

var (
	shardLimit       = Limit{"a shard takes 1 MB or 1,000 records a second, and gives 2 MB a second to all readers that share it", kinesisPage, OnPage}
	onDemandLimit    = Limit{"a new on-demand stream takes 4 MB a second, and grows to 200 MB a second, in three regions to 10 GB", kinesisPage, OnPage}
	parallelLimit    = Limit{"1 to 10 calls at once for a shard", lambdaPage, OnPage}
	batchLimit       = Limit{"at most 10,000 records and 6 MB in a call", lambdaPage, OnPage}
	accountLimit     = Limit{"1,000 calls at once in an account, fewer in a new one, until more are asked for", accountPage, OnPage}
	callLimit        = Limit{"a call writes 0.70 of what one client of bare _bulk writes", measuredPage, Measured}
	deliveryLimit    = Limit{"no limit of throughput with a stream as the source", firehosePage, OnPage}
	partitionLimit   = Limit{"500 active partitions for a delivery, 5,000 on request; one is active until it is delivered", firehosePage, OnPage}
	lakeBufferLimit  = Limit{"64 to 128 MB with partitions, 60 to 900 s", firehosePage, OnPage}
	requestLimit     = Limit{"1 to 100 MB for OpenSearch; a T3 node takes requests of 10 MiB", volumesPage, OnPage}
	bufferLimit      = Limit{"1 to 100 MB for OpenSearch", firehosePage, OnPage}
	storageLimit     = Limit{"source × copies × 1.1 / 0.95 / 0.8, which is 1.45", storagePage, OnPage}
	nodeLimit        = Limit{"2 vCPUs and 8 GiB of memory for each 100 GiB that is written a lot, here a day of the history and the present rows; 80 nodes until more are asked for", nodesPage, OnPage}
	volumeLimit      = Limit{"the largest gp3 volume of a type", volumesPage, OnPage}
	volumeOfR7gLimit = Limit{"the largest gp3 volume of a type; the copy that was read has no R7g, whose volumes are taken to be as large as R6g's", volumesPage, Unseen}
	heapLimit        = Limit{"at most 25 shards for each GiB of heap, which is half of the memory, up to 32 GiB", shardingPage, OnPage}
	shardSizeLimit   = Limit{"shards of 10 to 50 GiB", shardingPage, OnPage}
	masterLimit      = Limit{"three, of a type by the number of nodes and shards", mastersPage, OnPage}
	dmsMemoryLimit   = Limit{"memory holds a minute of changes at least: AWS says that it should hold them, and not for how long", dmsPage, Ours}
	dmsStorageLimit  = Limit{"storage holds an hour of changes that the stream does not take, and 10 GiB of logs: AWS says what is kept there, and not how much", dmsPage, Ours}
	binlogLimit      = Limit{"at most 2,160 hours", binlogPage, OnPage}
	clusterSizeLimit = Limit{"a cluster's volume grows to 128 TiB, of new versions further", auroraPage, OnPage}
	loadLimit        = Limit{"a record is its row and 500 bytes around it, as DMS's published samples have them", thisModel, Ours}
)
