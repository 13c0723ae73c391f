package footprint

import "strings"

// Dashboard is the name of a stack's dashboard: letters, digits, - and _, at most 255 characters,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html. Dashboard names are unique
// in an account, over all regions.
func Dashboard(project, stack, region string) string {
	return notInAlias.ReplaceAllString(strings.Join([]string{project, stack, region}, "-"), "-")
}
