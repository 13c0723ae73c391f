package rules

import (
	"cdcpipeline/policy/view"
	"strconv"
)

const (
	glueJobType      = "aws:glue/job:Job"
	glueSecurityType = "aws:glue/securityConfiguration:SecurityConfiguration"
)

// GlueJob is an AWS Glue job.
type GlueJob struct {
	GlueVersion           view.Of[string] `prop:"glueVersion"`
	SecurityConfiguration view.Of[string] `prop:"securityConfiguration"`
}

// GlueSecurity has the encryption settings for a job's output, logs and bookmarks.
type GlueSecurity struct {
	Encryption struct {
		S3 struct {
			Mode view.Of[string] `prop:"s3EncryptionMode"`
		} `prop:"s3Encryption"`
		Logs struct {
			Mode view.Of[string] `prop:"cloudwatchEncryptionMode"`
		} `prop:"cloudwatchEncryption"`
		Bookmarks struct {
			Mode view.Of[string] `prop:"jobBookmarksEncryptionMode"`
		} `prop:"jobBookmarksEncryption"`
	} `prop:"encryptionConfiguration"`
}

// oldestGlue is the oldest supported version according to Glue.4.
const oldestGlue = 3.0

func glue() []Rule {
	return []Rule{{
		Name: "glue-4", Title: "Spark jobs run on supported versions of Glue", Severity: Medium, Controls: []string{"Glue.4"}, Types: []string{glueJobType},
		Change: "glueVersion: 3.0 or newer", Unseen: "counts as supported", Default: "5.1 in prod, where lake.tables keeps tables; none is made in dev",
		Check: each(glueJobType, func(j GlueJob) []Violation {
			version, known := j.GlueVersion.Get()
			number, err := strconv.ParseFloat(version, 64)
			return broken((known || j.GlueVersion.Unset()) && (err != nil || number < oldestGlue), "glueVersion is %s", j.GlueVersion)
		}),
	}}
}

// encryptedJobs checks that a job has a security configuration, and that it encrypts each of its parts.
func encryptedJobs(r view.Resource) []Violation {
	switch r.Type {
	case glueJobType:
		return broken(view.Decode[GlueJob](r.Properties).SecurityConfiguration.Unset(), "it has no security configuration")
	case glueSecurityType:
		var found []Violation
		e := view.Decode[GlueSecurity](r.Properties).Encryption
		for _, part := range []struct {
			name string
			mode view.Of[string]
		}{{"s3EncryptionMode", e.S3.Mode}, {"cloudwatchEncryptionMode", e.Logs.Mode}, {"jobBookmarksEncryptionMode", e.Bookmarks.Mode}} {
			found = append(found, broken(part.mode.Unset() || part.mode.Is("DISABLED"), "%s is %s", part.name, part.mode)...)
		}
		return found
	}
	return nil
}
