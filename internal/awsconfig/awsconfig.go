// Package awsconfig reads the AWS provider's configuration, the stack's `aws:*` keys, as a configuration of the AWS SDK,
// so that what calls AWS beside the provider does it with the same credentials, in the same region, at the same endpoints.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Settings are the `aws:*` keys of a stack without their prefix: "region", "profile", "accessKey", "secretKey", "token",
// "assumeRole", "endpoints" and so on. Objects and lists are JSON, as Pulumi hands them to a program.
type Settings map[string]string

// keys that Load reads.
var keys = []string{
	"accessKey", "assumeRole", "assumeRoleWithWebIdentity", "assumeRoles", "customCaBundle", "endpoints", "maxRetries",
	"profile", "region", "retryMode", "secretKey", "sharedConfigFiles", "sharedCredentialsFiles", "stsRegion", "token",
	"useDualstackEndpoint", "useFipsEndpoint",
}

// Keys are the settings that Load reads, for who has to ask for each by its name.
func Keys() []string { return slices.Clone(keys) }

// Load makes the configuration that the provider would make of the settings. What they leave open is the SDK's own
// default: environment, shared files, the role of the machine, AWS_ENDPOINT_URL. Endpoints of the settings hold for their
// service alone.
//
// Settings that only a provider has (skip…, allowedAccountIds, defaultTags), and keys that it does not know, are
// ignored, and so are its proxy settings: the SDK follows HTTPS_PROXY. s3UsePathStyle belongs to the S3 client that a
// caller makes. Malformed settings come back together, each named `aws:KEY`. Nothing is asked of AWS before the first
// call.
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
		cfg.ConfigSources = append([]any{services}, cfg.ConfigSources...) // the first that knows a service decides
	}
	for _, assume := range roles {
		assume(&cfg, s["stsRegion"])
	}
	return cfg, nil
}
