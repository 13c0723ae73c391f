package config

import (
	"cmp"
	"regexp"
)

// Alarms sets who is told when something is wrong, and the limit of each alarm. docs/operations.md has a paragraph on each alarm, with
// what to type.
type Alarms struct {
	// Enabled makes the alarms, and the SNS topic that they publish to. Default true.
	Enabled *bool `json:"enabled" pulumi:"enabled,optional"`
	// TopicArn is the ARN of an SNS topic of yours, in the stack's region and account. Its policy must let cloudwatch.amazonaws.com and
	// events.amazonaws.com publish, and the policy of its KMS key must let them use the key. Default: the stack makes a topic, encrypted
	// with the stack's key.
	TopicArn string `json:"topicArn" pulumi:"topicArn,optional"`
	// Emails are the addresses that the stack's own topic sends to. AWS first sends each address a mail with a link to confirm. For a
	// chat, use a client of Amazon Q Developer, which subscribes itself to the topic.
	Emails []string `json:"emails" pulumi:"emails,optional"`
	// Dashboard makes a CloudWatch dashboard of all metrics, from the database to the search. Default true.
	Dashboard *bool `json:"dashboard" pulumi:"dashboard,optional"`
	// Canary changes one row of its own once a minute and looks for it in the current index. The row is in the table
	// cdc_canary.heartbeat, which the bootstrap makes. Default true, but false for a source with bootstrap: check. There, make the table
	// yourself and set this to true.
	Canary *bool `json:"canary" pulumi:"canary,optional"`
	// LatencySeconds is how long after a commit the task may read, or write, the change, for five minutes, 10 to 86400. AWS documents no
	// limit; a task that keeps up needs a few seconds. Default 120.
	LatencySeconds int `json:"latencySeconds" pulumi:"latencySeconds,optional"`
	// IteratorAgeSeconds is how far a reader of the stream may be behind, for five minutes, 10 to 86400. AWS recommends this alarm
	// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html) and leaves the
	// limit to the user. Default 300.
	IteratorAgeSeconds int `json:"iteratorAgeSeconds" pulumi:"iteratorAgeSeconds,optional"`
	// FreshnessSeconds is how much longer than its buffering time a delivery may keep a record, 60 to 86400. AWS recommends an alarm for
	// any longer time: https://docs.aws.amazon.com/firehose/latest/dev/firehose-cloudwatch-metrics-best-practices.html. Default 300.
	FreshnessSeconds int `json:"freshnessSeconds" pulumi:"freshnessSeconds,optional"`
	// SearchableSeconds is how long after a commit the row may become searchable, as the canary measures it, 10 to 86400. Default 300, so
	// that each step on the way stays within its own limit first.
	SearchableSeconds int `json:"searchableSeconds" pulumi:"searchableSeconds,optional"`
	// RetentionPercent is how much of their retention, in time or bytes, the stream and the database's log may use for unread data, 1 to
	// 99. Above it data is at risk. Default 50, so that half of it is left for a repair.
	RetentionPercent int `json:"retentionPercent" pulumi:"retentionPercent,optional"`
	// CPUPercent is how busy the replication instance and the domain's busiest node may be, for fifteen minutes, 1 to 100. Default 80,
	// which AWS recommends for domains: https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cloudwatch-alarms.html.
	CPUPercent int `json:"cpuPercent" pulumi:"cpuPercent,optional"`
	// MemoryMb is how much memory the replication instance must have left, 1 to 1048576. Default 256: the smallest instance has 2 GB, and
	// a task without memory swaps.
	MemoryMb int `json:"memoryMb" pulumi:"memoryMb,optional"`
	// FreeStoragePercent is how much storage must be free on the replication instance, and on each of the domain's nodes, 1 to 90.
	// Default 25, which AWS recommends for domains, on the same page.
	FreeStoragePercent int `json:"freeStoragePercent" pulumi:"freeStoragePercent,optional"`
	// HeapPercent is how full the heap of the domain's fullest node may be, 1 to 100. Default 95, from the same page.
	HeapPercent int `json:"heapPercent" pulumi:"heapPercent,optional"`
	// CertificateDays is how many days before the database's certificate expires the alarm starts, 1 to 365. Default 30.
	CertificateDays int `json:"certificateDays" pulumi:"certificateDays,optional"`
}

// On reports whether the stack makes alarms. Call it after WithDefaults.
func (s Alarms) On() bool { return s.Enabled != nil && *s.Enabled }

// Draws reports whether the stack makes a dashboard. Call it after WithDefaults.
func (s Alarms) Draws() bool { return s.Dashboard != nil && *s.Dashboard }

// WithDefaults fills unset settings.
func (s Alarms) WithDefaults(Environment) Alarms {
	for _, flag := range []**bool{&s.Enabled, &s.Dashboard} {
		if *flag == nil {
			*flag = new(true)
		}
	}
	s.LatencySeconds = cmp.Or(s.LatencySeconds, 120)
	s.IteratorAgeSeconds = cmp.Or(s.IteratorAgeSeconds, 300)
	s.FreshnessSeconds = cmp.Or(s.FreshnessSeconds, 300)
	s.SearchableSeconds = cmp.Or(s.SearchableSeconds, 300)
	s.RetentionPercent = cmp.Or(s.RetentionPercent, 50)
	s.CPUPercent = cmp.Or(s.CPUPercent, 80)
	s.MemoryMb = cmp.Or(s.MemoryMb, 256)
	s.FreeStoragePercent = cmp.Or(s.FreeStoragePercent, 25)
	s.HeapPercent = cmp.Or(s.HeapPercent, 95)
	s.CertificateDays = cmp.Or(s.CertificateDays, 30)
	return s
}

// email rejects texts that surely are no mail address. It does not check more.
var email = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

const secondsPerDay = 86400

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Alarms) Validate() error {
	var p problems
	const own = "the stack adds no subscription to your topic: subscribe the addresses there, and remove one of the two keys"
	if s.TopicArn != "" {
		p.matches("alarms.topicArn", s.TopicArn, topicArn, "the full ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>")
		apart(&p, "alarms.emails", len(s.Emails) > 0, "alarms.topicArn", own)
	}
	if !s.On() {
		const nobody = "without alarms nobody is told; remove one of the two"
		apart(&p, "alarms.topicArn", s.TopicArn, "alarms.enabled: false", nobody)
		apart(&p, "alarms.emails", len(s.Emails) > 0, "alarms.enabled: false", nobody)
	}
	p.distinct("alarms.emails", s.Emails)
	for _, address := range s.Emails {
		if address != "" {
			p.matches("alarms.emails", address, email, "an e-mail address, such as name@example.com")
		}
	}
	p.between("alarms.latencySeconds", s.LatencySeconds, 10, secondsPerDay, "seconds")
	p.between("alarms.iteratorAgeSeconds", s.IteratorAgeSeconds, 10, secondsPerDay, "seconds")
	p.between("alarms.freshnessSeconds", s.FreshnessSeconds, 60, secondsPerDay, "seconds")
	p.between("alarms.searchableSeconds", s.SearchableSeconds, 10, secondsPerDay, "seconds")
	p.between("alarms.retentionPercent", s.RetentionPercent, 1, 99, "percent of the retention")
	p.between("alarms.cpuPercent", s.CPUPercent, 1, 100, "percent")
	p.between("alarms.memoryMb", s.MemoryMb, 1, 1<<20, "MB")
	p.between("alarms.freeStoragePercent", s.FreeStoragePercent, 1, 90, "percent")
	p.between("alarms.heapPercent", s.HeapPercent, 1, 100, "percent")
	p.between("alarms.certificateDays", s.CertificateDays, 1, 365, "days")
	return p.join()
}
