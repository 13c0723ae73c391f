package config

import (
	"cmp"
	"regexp"
	"strings"
)

// Lake is the S3 bucket of raw changes, and the delivery that writes them.
type Lake struct {
	// BucketName is the name of the bucket. Default: Pulumi generates a name.
	BucketName string `json:"bucketName" pulumi:"bucketName,optional"`
	// ForceDestroy lets `pulumi destroy` delete a bucket that has objects. Default true in dev, false in prod.
	ForceDestroy *bool `json:"forceDestroy" pulumi:"forceDestroy,optional"`
	// LogBucket is an existing bucket of this account and region. The lake's access logs go there, below the lake's name. Its policy must
	// let logging.s3.amazonaws.com put objects. Default: in prod the stack makes a bucket for them, in dev there are no access logs.
	LogBucket string `json:"logBucket" pulumi:"logBucket,optional"`
	// Prefix is where raw changes are, without the partitions. Changes of a named source are below source=NAME in it. Default raw. With
	// search.current neither prefix may be under registry.
	Prefix string `json:"prefix" pulumi:"prefix,optional"`
	// ErrorPrefix is where records go that could not be partitioned or delivered. Records of a named source are below source=NAME in it.
	// Default errors. It must not be under Prefix.
	ErrorPrefix string `json:"errorPrefix" pulumi:"errorPrefix,optional"`
	// BufferMb is the delivery's buffer size, 64 to 128, as dynamic partitioning requires. Default 64.
	BufferMb int `json:"bufferMb" pulumi:"bufferMb,optional"`
	// BufferSeconds is the delivery's buffer time, 60 to 900. Default 60 in dev, 300 in prod.
	BufferSeconds int `json:"bufferSeconds" pulumi:"bufferSeconds,optional"`
	// InfrequentAccessDays is after how many days raw changes move to STANDARD_IA, at least 30. S3 never moves an object below 128 KB,
	// here or to GLACIER_IR: such objects stay in STANDARD. Default 90.
	InfrequentAccessDays int `json:"infrequentAccessDays" pulumi:"infrequentAccessDays,optional"`
	// GlacierDays is after how many days raw changes move to GLACIER_IR, at least 30 more than InfrequentAccessDays. Default 365.
	GlacierDays int `json:"glacierDays" pulumi:"glacierDays,optional"`
	// Catalog has the settings for reading the lake with SQL.
	Catalog Catalog `json:"catalog" pulumi:"catalog,optional"`
	// Tables has the settings of the tables that a job keeps from the raw changes.
	Tables LakeTables `json:"tables" pulumi:"tables,optional"`
}

// WithDefaults fills unset settings. An empty bucket name stays empty.
func (s Lake) WithDefaults(env Environment) Lake {
	s.ForceDestroy = cmp.Or(s.ForceDestroy, new(env != Prod))
	s.Prefix = cmp.Or(s.Prefix, "raw")
	s.ErrorPrefix = cmp.Or(s.ErrorPrefix, "errors")
	s.BufferMb = cmp.Or(s.BufferMb, 64)
	s.BufferSeconds = cmp.Or(s.BufferSeconds, choose(env, 60, 300))
	s.InfrequentAccessDays = cmp.Or(s.InfrequentAccessDays, 90)
	s.GlacierDays = cmp.Or(s.GlacierDays, 365)
	s.Catalog = s.Catalog.WithDefaults(env)
	if !s.Catalog.On() { // tables need the catalog
		s.Tables.Format = cmp.Or(s.Tables.Format, FormatNone)
	}
	s.Tables = s.Tables.WithDefaults(env)
	return s
}

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Lake) Validate() error {
	var p problems
	if s.BucketName != "" {
		validateBucketName(&p, s.BucketName)
	}
	if s.LogBucket != "" && p.matches("lake.logBucket", s.LogBucket, anyBucketName, "the name of a bucket, not its ARN or URL") && s.LogBucket == s.BucketName {
		p.add("lake.logBucket", "%q is the lake's own bucket, where writing a log would cause another log: name another bucket", s.LogBucket)
	}
	raw, failed := validatePrefix(&p, "lake.prefix", s.Prefix), validatePrefix(&p, "lake.errorPrefix", s.ErrorPrefix)
	if raw && failed && (under(s.ErrorPrefix, s.Prefix) || under(s.Prefix, s.ErrorPrefix)) {
		p.add("lake.errorPrefix", "%q and lake.prefix %q contain one another, so queries for raw changes would also read failed records: use two separate prefixes", s.ErrorPrefix, s.Prefix)
	}
	if s.Catalog.On() && (under(s.Prefix, ResultsPrefix) || under(s.ErrorPrefix, ResultsPrefix)) {
		p.add("lake.prefix", "must not be under %s, nor may lake.errorPrefix, because objects there are deleted after lake.catalog.resultDays: use other prefixes", ResultsPrefix)
	}
	p = append(p, s.Catalog.Validate(), s.Tables.Validate())
	s.validateTables(&p)
	p.between("lake.bufferMb", s.BufferMb, 64, 128, "MB: with dynamic partitioning Firehose accepts no other buffer size")
	p.between("lake.bufferSeconds", s.BufferSeconds, 60, 900, "seconds: with dynamic partitioning Firehose accepts no other buffer time")
	p.between("lake.infrequentAccessDays", s.InfrequentAccessDays, 30, maxLifecycleDays, "days: S3 first keeps an object in STANDARD for 30 days")
	if s.GlacierDays < s.InfrequentAccessDays+30 || s.GlacierDays > maxLifecycleDays {
		p.add("lake.glacierDays", "%d must be at least 30 days after lake.infrequentAccessDays (%d) and at most %d", s.GlacierDays, s.InfrequentAccessDays, maxLifecycleDays)
	}
	return p.join()
}

// validateTables checks the rules between lake.tables and the rest of the lake.
func (s Lake) validateTables(p *problems) {
	if !s.Tables.On() {
		return
	}
	if !s.Catalog.On() {
		p.add("lake.tables.format", "%s needs the catalog, because the tables are in its database: set lake.catalog.enabled to true, or use none", s.Tables.Format)
	}
	jobs, _, _ := strings.Cut(TablesJobsPrefix, "/")
	for _, own := range []string{TablesPrefix, jobs} {
		if under(s.Prefix, own) || under(s.ErrorPrefix, own) {
			p.add("lake.prefix", "must not be under %s, nor may lake.errorPrefix, because the job of lake.tables writes there: use other prefixes, or set lake.tables.format to none", own)
		}
	}
}

// maxLifecycleDays limits lifecycle rules to a hundred years.
const maxLifecycleDays = 36500

// The names follow https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html. A bucket that the
// stack makes has no dots in its name, because TLS certificates do not cover such names.
var (
	anyBucketName  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	bucketName     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	bucketReserved = regexp.MustCompile(`^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3)$`)
	prefix         = regexp.MustCompile(`^[A-Za-z0-9_=-][A-Za-z0-9_.=-]*(/[A-Za-z0-9_=-][A-Za-z0-9_.=-]*)*$`)
)

func validateBucketName(p *problems, name string) {
	const key = "lake.bucketName"
	if p.matches(key, name, bucketName, "3 to 63 lower-case letters, digits and -, and must begin and end with a letter or digit") && bucketReserved.MatchString(name) {
		p.add(key, "%q begins or ends with %s, which S3 reserves: choose another name", name, bucketReserved.FindString(name))
	}
}

func validatePrefix(p *problems, key, value string) bool {
	const want = "letters, digits, _ . = - in parts separated by single slashes, without a slash at either end"
	switch {
	case strings.Contains(value, "!{"):
		p.add(key, "%q contains a Firehose expression: write a plain prefix; the delivery adds the partitions", value)
	case len(value) > 256:
		p.add(key, "is %d characters long: use at most 256, because Firehose accepts 1024 with the partitions", len(value))
	default:
		return p.matches(key, value, prefix, want)
	}
	return false
}

// under reports whether path equals root or is below it.
func under(path, root string) bool { return strings.HasPrefix(path+"/", root+"/") }
