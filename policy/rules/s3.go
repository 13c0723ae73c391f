package rules

import (
	"cdcpipeline/policy/iam"
	"cdcpipeline/policy/view"
	"slices"
	"strings"
)

const (
	bucketType           = "aws:s3/bucketV2:BucketV2"
	bucketPolicyType     = "aws:s3/bucketPolicy:BucketPolicy"
	publicAccessType     = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	bucketLoggingType    = "aws:s3/bucketLoggingV2:BucketLoggingV2"
	lifecycleType        = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	ownershipType        = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
	versioningType       = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	bucketEncryptionType = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
)

// BucketPolicy is the policy of a bucket.
type BucketPolicy struct {
	Policy view.Of[string] `prop:"policy"`
}

// PublicAccessBlock blocks public access to a bucket, whatever its policies say.
type PublicAccessBlock struct {
	BlockPublicAcls       view.Of[bool] `prop:"blockPublicAcls"`
	BlockPublicPolicy     view.Of[bool] `prop:"blockPublicPolicy"`
	IgnorePublicAcls      view.Of[bool] `prop:"ignorePublicAcls"`
	RestrictPublicBuckets view.Of[bool] `prop:"restrictPublicBuckets"`
}

// Ownership says who owns objects and whether access control lists apply.
type Ownership struct {
	Rule struct {
		ObjectOwnership view.Of[string] `prop:"objectOwnership"`
	} `prop:"rule"`
}

// Versioning has the versioning settings of a bucket.
type Versioning struct {
	Configuration struct {
		Status view.Of[string] `prop:"status"`
	} `prop:"versioningConfiguration"`
}

// BucketEncryption has the encryption settings for new objects.
type BucketEncryption struct {
	Rules view.Of[[]struct {
		Default struct {
			Algorithm view.Of[string] `prop:"sseAlgorithm"`
		} `prop:"applyServerSideEncryptionByDefault"`
	}] `prop:"rules"`
}

// administrative lists the actions that S3.6 forbids for other accounts.
var administrative = []string{"s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:PutEncryptionConfiguration", "s3:PutObjectAcl"}

func s3() []Rule {
	policyRule := func(number, title string, severity Severity, change string, check func(iam.Document) []Violation) Rule {
		return Rule{
			Name: "s3-" + number, Title: title, Severity: severity, Controls: []string{"S3." + number}, Types: []string{bucketPolicyType},
			Change: change, Unseen: "a policy that cannot be read counts as closed", Default: "the bucket's policy only denies",
			Check: each(bucketPolicyType, func(p BucketPolicy) []Violation { return readPolicy(p.Policy, check) }),
		}
	}
	bucketRule := func(number, title string, severity Severity, change, answer, part string, check func(view.Resource) []Violation) Rule {
		return Rule{
			Name: "s3-" + number, Title: title, Severity: severity, Controls: []string{"S3." + number}, Types: []string{bucketType, part},
			Change: change, Unseen: "a part that exists counts as right", Default: answer, CheckStack: everyBucket(part, check),
		}
	}
	return []Rule{
		policyRule("2", "Buckets are not readable by everybody", Critical, "no Allow of reading actions to the principal *", open("s3:GetObject", "s3:ListBucket")),
		policyRule("3", "Buckets are not writable by everybody", Critical, "no Allow of writing actions to the principal *", open("s3:PutObject", "s3:DeleteObject")),
		policyRule("6", "Other accounts do not administer buckets", High, "no Allow of administrative actions to principals of other accounts", administered),
		bucketRule("5", "Buckets refuse requests without TLS", Medium, "a bucket policy that denies s3:* when aws:SecureTransport is false",
			"denied, and TLS before 1.2 with it", bucketPolicyType, tlsDemanded),
		bucketRule("8", "Buckets block public access", High, "a BucketPublicAccessBlock with all four settings true", "all four", publicAccessType, publicBlocked),
		{
			Name: "s3-9", Title: "Buckets log access to them", Severity: Medium, Controls: []string{"S3.9"}, Types: []string{bucketType, bucketLoggingType},
			Change: "a BucketLoggingV2 (lake.logBucket)", Unseen: "a part that exists counts as right; a bucket that others log to needs none of its own",
			Default: "prod: logged; dev: not, an exception", CheckStack: accessLogged,
		},
		bucketRule("12", "Buckets use no access control lists", Medium, "BucketOwnershipControls with BucketOwnerEnforced", "BucketOwnerEnforced", ownershipType, noACLs),
		bucketRule("13", "Buckets have a lifecycle", Low, "a BucketLifecycleConfigurationV2", "changes age to cheaper classes", lifecycleType, nil).answering("S3.10"),
		bucketRule("14", "Buckets are versioned", Low, "a BucketVersioningV2 with status Enabled", "enabled", versioningType, versioned),
		{
			Name: "s3-17", Title: "Buckets are encrypted with KMS keys", Severity: Medium, Controls: []string{"S3.17"}, Types: []string{bucketType, bucketEncryptionType},
			Change:  "a BucketServerSideEncryptionConfigurationV2 with aws:kms",
			Unseen:  "a part that exists counts as right; a bucket that S3 writes access logs to takes no KMS key",
			Default: "the stack's key", CheckStack: encryptedBuckets,
		},
	}
}

// answering adds further controls that the rule checks.
func (r Rule) answering(controls ...string) Rule {
	r.Controls = append(r.Controls, controls...)
	return r
}

// everyBucket requires that every bucket has a resource of a type, and checks these resources.
func everyBucket(part string, check func(view.Resource) []Violation) func(view.Stack) []Violation {
	return func(s view.Stack) []Violation {
		var found []Violation
		for _, bucket := range s.OfType(bucketType) {
			parts := s.Pointing(part, "bucket", bucket)
			found = append(found, at(bucket, broken(len(parts) == 0, "it has none"))...)
			for _, r := range parts {
				if check != nil {
					found = append(found, at(r, check(r))...)
				}
			}
		}
		return found
	}
}

// accessLogged excludes the buckets that receive logs, because logging their own requests would never end.
func accessLogged(s view.Stack) []Violation {
	var found []Violation
	for _, bucket := range s.OfType(bucketType) {
		logged := len(s.Pointing(bucketLoggingType, "bucket", bucket)) > 0
		target := len(s.Pointing(bucketLoggingType, "targetBucket", bucket)) > 0
		found = append(found, at(bucket, broken(!logged && !target, "it has none"))...)
	}
	return found
}

// encryptedBuckets excludes the buckets that receive access logs, because S3 does not write to a bucket with a KMS
// key: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html.
func encryptedBuckets(s view.Stack) []Violation {
	var found []Violation
	for _, v := range everyBucket(bucketEncryptionType, withKMS)(s) {
		target := slices.ContainsFunc(s.OfType(bucketType), func(bucket view.Resource) bool {
			named := bucket.URN == v.URN || slices.ContainsFunc(s.Pointing(bucketEncryptionType, "bucket", bucket), func(r view.Resource) bool { return r.URN == v.URN })
			return named && len(s.Pointing(bucketLoggingType, "targetBucket", bucket)) > 0
		})
		if !target {
			found = append(found, v)
		}
	}
	return found
}

// readPolicy parses a known policy. If it cannot parse the policy, it reports a violation, because the policy's
// effect is unclear.
func readPolicy(text view.Of[string], check func(iam.Document) []Violation) []Violation {
	known, ok := text.Get()
	if !ok {
		return nil
	}
	document, err := iam.Parse(known)
	if err != nil {
		return broken(true, "%v", err)
	}
	return check(document)
}

func open(actions ...string) func(iam.Document) []Violation {
	return func(d iam.Document) []Violation {
		for _, s := range d.Statement {
			for _, action := range actions {
				if s.Allows() && s.Anyone() && len(s.Condition) == 0 && iam.Covers(s.Action, action) {
					return broken(true, "everybody is allowed %s", action)
				}
			}
		}
		return nil
	}
}

func administered(d iam.Document) []Violation {
	for _, s := range d.Statement {
		for _, action := range administrative {
			if s.Allows() && len(s.Principal["AWS"]) > 0 && iam.Covers(s.Action, action) {
				return broken(true, "%s is allowed to %s", action, strings.Join(s.Principal["AWS"], ", "))
			}
		}
	}
	return nil
}

func tlsDemanded(r view.Resource) []Violation {
	return readPolicy(view.Decode[BucketPolicy](r.Properties).Policy, func(d iam.Document) []Violation {
		denies := slices.ContainsFunc(d.Statement, func(s iam.Statement) bool {
			return !s.Allows() && s.Anyone() && iam.Covers(s.Action, "s3:GetObject") && iam.Covers(s.Action, "s3:PutObject") &&
				slices.Contains(s.Condition["Bool"]["aws:SecureTransport"], "false")
		})
		return broken(!denies, "its policy does not deny requests without TLS")
	})
}

func publicBlocked(r view.Resource) []Violation {
	b := view.Decode[PublicAccessBlock](r.Properties)
	var found []Violation
	for _, setting := range []struct {
		name string
		on   view.Of[bool]
	}{
		{"blockPublicAcls", b.BlockPublicAcls},
		{"blockPublicPolicy", b.BlockPublicPolicy},
		{"ignorePublicAcls", b.IgnorePublicAcls},
		{"restrictPublicBuckets", b.RestrictPublicBuckets},
	} {
		found = append(found, broken(setting.on.Isnt(true), "%s is %s", setting.name, setting.on)...)
	}
	return found
}

func noACLs(r view.Resource) []Violation {
	owner := view.Decode[Ownership](r.Properties).Rule.ObjectOwnership
	return broken(owner.Isnt("BucketOwnerEnforced"), "objectOwnership is %s", owner)
}

func versioned(r view.Resource) []Violation {
	status := view.Decode[Versioning](r.Properties).Configuration.Status
	return broken(status.Isnt("Enabled"), "versioning is %s", status)
}

func withKMS(r view.Resource) []Violation {
	rules, known := view.Decode[BucketEncryption](r.Properties).Rules.Get()
	if !known {
		return nil
	}
	for _, rule := range rules {
		algorithm := rule.Default.Algorithm
		if algorithm.Isnt("aws:kms") && algorithm.Isnt("aws:kms:dsse") {
			return broken(true, "sseAlgorithm is %s", algorithm)
		}
	}
	return nil
}
