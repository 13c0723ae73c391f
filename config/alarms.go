package config

import (
	"cmp"
	"regexp"
)

// Alarms says who is told when something is wrong, and from when on it is. Each alarm has its paragraph in docs/operations.md, with what to
// type.
type Alarms struct {
	// Enabled makes the alarms, and the topic that they tell. Default true.
	Enabled *bool `json:"enabled" pulumi:"enabled,optional"`
	// TopicArn of an SNS topic of yours, of the stack's region and account: its policy must let cloudwatch.amazonaws.com and
	// events.amazonaws.com publish, and so must that of its key. Default: a topic is made, encrypted with the stack's key.
	TopicArn string `json:"topicArn" pulumi:"topicArn,optional"`
	// Emails that the stack's own topic is sent to. Each address gets a mail in which it is to be confirmed first. Chat gets the topic by a
	// client of Amazon Q Developer, which subscribes itself.
	Emails []string `json:"emails" pulumi:"emails,optional"`
	// Dashboard draws what is measured, from the database to what is searched. Default true.
	Dashboard *bool `json:"dashboard" pulumi:"dashboard,optional"`
	// Canary changes a row of its own once a minute, in the table cdc_canary.heartbeat, which the bootstrap makes, and looks for it in the
	// current index. Default true, but for sources with bootstrap: check: there somebody else makes the table, and sets this to true.
	Canary *bool `json:"canary" pulumi:"canary,optional"`
	// LatencySeconds from a commit to the task's reading, or its writing, of the change, for five minutes, 10 to 86400. No document of AWS
	// gives a limit: a task that keeps up has a few seconds. Default 120.
	LatencySeconds int `json:"latencySeconds" pulumi:"latencySeconds,optional"`
	// IteratorAgeSeconds by which a reader of the stream is behind, for five minutes, 10 to 86400. Of AWS's recommended alarm
	// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html) the limit is the
	// user's to choose. Default 300.
	IteratorAgeSeconds int `json:"iteratorAgeSeconds" pulumi:"iteratorAgeSeconds,optional"`
	// FreshnessSeconds by which a delivery is later than the time it may buffer, 60 to 86400. More than that time is when AWS recommends an
	// alarm: https://docs.aws.amazon.com/firehose/latest/dev/firehose-cloudwatch-metrics-best-practices.html. Default 300.
	FreshnessSeconds int `json:"freshnessSeconds" pulumi:"freshnessSeconds,optional"`
	// SearchableSeconds from a commit to the row in what is searched, as the canary measures it, 10 to 86400. Default 300: what may be late
	// on the way is within its own limit then.
	SearchableSeconds int `json:"searchableSeconds" pulumi:"searchableSeconds,optional"`
	// RetentionPercent of the time, or the bytes, for which the stream and the database's log keep what is not read, 1 to 99: beyond
	// that data is at risk. Default 50: half is left to repair what is wrong.
	RetentionPercent int `json:"retentionPercent" pulumi:"retentionPercent,optional"`
	// CPUPercent of the replication instance and of the domain's busiest node, for fifteen minutes, 1 to 100. Default 80, which AWS
	// recommends for domains: https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cloudwatch-alarms.html.
	CPUPercent int `json:"cpuPercent" pulumi:"cpuPercent,optional"`
	// MemoryMb that the replication instance has left, 1 to 1048576. Default 256: the smallest instance has 2 GB, and a task that runs out of
	// memory swaps.
	MemoryMb int `json:"memoryMb" pulumi:"memoryMb,optional"`
	// FreeStoragePercent of the replication instance's storage, and of that of each of the domain's nodes, 1 to 90. Default 25, which AWS
	// recommends for domains, on the same page.
	FreeStoragePercent int `json:"freeStoragePercent" pulumi:"freeStoragePercent,optional"`
	// HeapPercent of the domain's fullest node, 1 to 100. Default 95, the same page.
	HeapPercent int `json:"heapPercent" pulumi:"heapPercent,optional"`
	// CertificateDays until the database's certificate expires, 1 to 365. Default 30.
	CertificateDays int `json:"certificateDays" pulumi:"certificateDays,optional"`
}

// On reports whether there are alarms; call it after WithDefaults.
func (s Alarms) On() bool { return s.Enabled != nil && *s.Enabled }

// Draws reports whether there is a dashboard; call it after WithDefaults.
func (s Alarms) Draws() bool { return s.Dashboard != nil && *s.Dashboard }

// WithDefaults fills what is not set.
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

// email is what a mail can be sent to, told apart from what surely is none.
var email = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

const secondsPerDay = 86400

// Validate returns every problem, joined; call it after WithDefaults.
func (s Alarms) Validate() error {
	var p problems
	const own = "your topic has subscriptions of its own: subscribe the addresses there, and remove one of the two"
	if s.TopicArn != "" {
		p.matches("alarms.topicArn", s.TopicArn, topicArn, "the whole ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>")
		apart(&p, "alarms.emails", len(s.Emails) > 0, "alarms.topicArn", own)
	}
	if !s.On() {
		const nobody = "there is no alarm then; remove one of the two"
		apart(&p, "alarms.topicArn", s.TopicArn, "alarms.enabled: false", nobody)
		apart(&p, "alarms.emails", len(s.Emails) > 0, "alarms.enabled: false", nobody)
	}
	p.distinct("alarms.emails", s.Emails)
	for _, address := range s.Emails {
		if address != "" {
			p.matches("alarms.emails", address, email, "an address of e-mail, name@example.com")
		}
	}
	p.between("alarms.latencySeconds", s.LatencySeconds, 10, secondsPerDay, "seconds")
	p.between("alarms.iteratorAgeSeconds", s.IteratorAgeSeconds, 10, secondsPerDay, "seconds")
	p.between("alarms.freshnessSeconds", s.FreshnessSeconds, 60, secondsPerDay, "seconds")
	p.between("alarms.searchableSeconds", s.SearchableSeconds, 10, secondsPerDay, "seconds")
	p.between("alarms.retentionPercent", s.RetentionPercent, 1, 99, "percent of what is kept")
	p.between("alarms.cpuPercent", s.CPUPercent, 1, 100, "percent")
	p.between("alarms.memoryMb", s.MemoryMb, 1, 1<<20, "MB")
	p.between("alarms.freeStoragePercent", s.FreeStoragePercent, 1, 90, "percent")
	p.between("alarms.heapPercent", s.HeapPercent, 1, 100, "percent")
	p.between("alarms.certificateDays", s.CertificateDays, 1, 365, "days")
	return p.join()
}
