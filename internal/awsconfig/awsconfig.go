// Package awsconfig turns the AWS provider's configuration, the stack's `aws:*` keys, into a configuration of the AWS
// SDK. So code beside the provider calls AWS with the same credentials, region and endpoints.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Settings are a stack's `aws:*` keys without their prefix: "region", "profile", "accessKey", "secretKey", "token",
// "assumeRole", "endpoints" and so on. Objects and lists are JSON, as Pulumi passes them to a program.
type Settings map[string]string

// keys that Load reads.
var keys = []string{
	"accessKey", "assumeRole", "assumeRoleWithWebIdentity", "assumeRoles", "customCaBundle", "endpoints", "maxRetries",
	"profile", "region", "retryMode", "secretKey", "sharedConfigFiles", "sharedCredentialsFiles", "stsRegion", "token",
	"useDualstackEndpoint", "useFipsEndpoint",
}

// Keys lists the settings that Load reads, for callers that must request each one by name.
func Keys() []string { return slices.Clone(keys) }

// Load returns the configuration that the provider would use with these settings. For a missing setting it uses the
// SDK's default: environment, shared files, the machine's role, AWS_ENDPOINT_URL. An endpoint in the settings applies
// only to its service.
//
// Load ignores settings that only a provider has (skip…, allowedAccountIds, defaultTags), unknown keys, and proxy
// settings: the SDK follows HTTPS_PROXY. s3UsePathStyle belongs to the S3 client that a caller makes. Malformed
// settings are reported together, each named `aws:KEY`. Load does not call AWS.
func Load(ctx context.Context, s Settings) (aws.Config, error) {
	options, err := s.options()
	services, endpointsErr := s.endpoints()
	roles, rolesErr := s.roles()
	if err := errors.Join(err, endpointsErr, rolesErr); err != nil {
		return aws.Config{}, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration of this machine: %w", err)
	}
	if len(services) > 0 {
		cfg.ConfigSources = append([]any{services}, cfg.ConfigSources...) // the first source that knows a service decides
	}
	for _, assume := range roles {
		assume(&cfg, s["stsRegion"])
	}
	return cfg, nil
}
