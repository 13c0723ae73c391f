package rules

import (
	"fmt"
	"maps"
	"slices"
)

// foundational lists the controls of AWS Foundational Security Best Practices for the services that this project
// uses: https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html, read from a public copy of
// that page. RDS.50 is newer: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html.
var foundational = map[string][]int{
	"Athena":         {4},
	"DMS":            {1, 6, 7, 8, 9, 10, 11, 12, 13},
	"DataFirehose":   {1},
	"EC2":            {1, 2, 3, 4, 6, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 51, 55, 56, 57, 58, 60, 170, 171, 172, 173, 180, 181},
	"EventBridge":    {3},
	"Glue":           {3, 4},
	"IAM":            {1, 2, 3, 4, 5, 6, 7, 8, 21},
	"KMS":            {1, 2, 3, 5},
	"Kinesis":        {1, 3},
	"Lambda":         {1, 2, 5},
	"Opensearch":     {1, 2, 3, 4, 5, 6, 7, 8, 10},
	"RDS":            {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 25, 27, 34, 35, 36, 37, 40, 41, 42, 43, 44, 45, 46, 47, 48, 50},
	"S3":             {1, 2, 3, 5, 6, 8, 9, 12, 13, 19, 24, 25},
	"SNS":            {4},
	"SQS":            {1, 3},
	"SSM":            {1, 2, 3, 4, 6, 7},
	"SecretsManager": {1, 2, 3, 4},
}

// others lists controls of other standards (CIS, NIST SP 800-53, AWS Resource Tagging) for types that this project
// can make: https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html.
var others = map[string][]int{
	"Athena":         {3},
	"CloudWatch":     {15, 16, 17},
	"DMS":            {2, 3, 4, 5},
	"EC2":            {12, 13, 14, 28, 37, 38, 39, 40, 42, 43, 44, 46, 48, 53, 54, 175},
	"Glue":           {1},
	"IAM":            {24, 27},
	"KMS":            {4},
	"Kinesis":        {2},
	"Lambda":         {3, 6, 7},
	"Opensearch":     {9, 11},
	"RDS":            {26, 28, 30, 33},
	"S3":             {7, 10, 11, 14, 15, 17, 20, 22, 23},
	"SNS":            {1, 3},
	"SQS":            {2},
	"SecretsManager": {5},
}

// elsewhere lists controls for types that no component makes and the rehearsal's provider does not have.
var elsewhere = map[string][]int{
	"EC2":         {20, 23, 51, 171, 173},       // VPN, transit gateways, client VPN, spot fleets
	"EventBridge": {3},                          // custom buses
	"Glue":        {3},                          // transforms
	"IAM":         {3, 4, 5, 6, 7, 8},           // controls on users and on the account itself
	"RDS":         {36, 40, 41, 42, 43, 44, 47}, // other engines, proxies
	"S3":          {24, 25},                     // multi-region access points, directory buckets
	"SSM":         {4, 6, 7},                    // documents, automation
}

// Catalogue returns every control for the types that this project can make.
func Catalogue() []string {
	var all []string
	for _, some := range []map[string][]int{foundational, others} {
		for _, service := range slices.Sorted(maps.Keys(some)) {
			for _, number := range some[service] {
				if !slices.Contains(elsewhere[service], number) {
					all = append(all, fmt.Sprintf("%s.%d", service, number))
				}
			}
		}
	}
	return all
}

// Applicable returns the catalogue's controls that a preview can check and that this project follows.
func Applicable() []string {
	return slices.DeleteFunc(Catalogue(), func(control string) bool {
		return slices.ContainsFunc(slices.Concat(Unseen(), Declined()), func(a Aside) bool { return a.Control == control })
	})
}

// Answered returns the applicable controls for which a rule exists.
func Answered() []string {
	rules := All()
	return slices.DeleteFunc(Applicable(), func(control string) bool {
		return !slices.ContainsFunc(rules, func(r Rule) bool { return slices.Contains(r.Controls, control) })
	})
}
