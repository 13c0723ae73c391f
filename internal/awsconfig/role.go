package awsconfig

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// assumption makes a configuration act as a role, through STS in the given region or in its own.
type assumption func(cfg *aws.Config, stsRegion string)

// role is one entry of `aws:assumeRole`, `aws:assumeRoles` or `aws:assumeRoleWithWebIdentity`.
type role struct {
	RoleArn              string            `json:"roleArn"`
	Duration             string            `json:"duration"`
	ExternalID           string            `json:"externalId"`
	Policy               string            `json:"policy"`
	PolicyArns           []string          `json:"policyArns"`
	SessionName          string            `json:"sessionName"`
	SourceIdentity       string            `json:"sourceIdentity"`
	Tags                 map[string]string `json:"tags"`
	TransitiveTagKeys    []string          `json:"transitiveTagKeys"`
	WebIdentityToken     string            `json:"webIdentityToken"`
	WebIdentityTokenFile string            `json:"webIdentityTokenFile"`

	duration time.Duration
}

// roles are assumed one after the other, each with the previous one's credentials. The web identity comes first,
// because it needs no credentials.
func (s Settings) roles() ([]assumption, error) {
	var all []assumption
	var problems []error
	for _, kind := range []struct {
		key    string
		check  func(*role) error
		assume func(*role) assumption
	}{
		{"assumeRoleWithWebIdentity", (*role).checkToken, (*role).withWebIdentity},
		{"assumeRole", (*role).check, (*role).withCredentials},
		{"assumeRoles", (*role).check, (*role).withCredentials},
	} {
		if s[kind.key] == "" {
			continue
		}
		var roles []role
		if err := unmarshalList(s[kind.key], &roles); err != nil {
			problems = append(problems, fmt.Errorf("aws:%s: is not a role: %w", kind.key, err))
		}
		for i := range roles {
			if err := kind.check(&roles[i]); err != nil {
				problems = append(problems, fmt.Errorf("aws:%s: %w", kind.key, err))
			}
			all = append(all, kind.assume(&roles[i]))
		}
	}
	return all, errors.Join(problems...)
}

func (r *role) check() error {
	if r.RoleArn == "" {
		return errors.New("roleArn is missing")
	}
	if r.Duration == "" {
		return nil
	}
	var err error
	if r.duration, err = time.ParseDuration(r.Duration); err != nil {
		return fmt.Errorf("duration %q is no time: write it like 1h", r.Duration)
	}
	return nil
}

func (r *role) checkToken() error {
	if r.WebIdentityToken == "" && r.WebIdentityTokenFile == "" {
		return errors.New("webIdentityToken or webIdentityTokenFile is missing")
	}
	return r.check()
}

func (r *role) withCredentials() assumption {
	return func(cfg *aws.Config, stsRegion string) {
		provider := stscreds.NewAssumeRoleProvider(tokenService(cfg, stsRegion), r.RoleArn, func(o *stscreds.AssumeRoleOptions) {
			o.Duration, o.RoleSessionName = r.duration, r.SessionName
			o.ExternalID, o.SourceIdentity, o.Policy = optional(r.ExternalID), optional(r.SourceIdentity), optional(r.Policy)
			o.PolicyARNs, o.TransitiveTagKeys = policies(r.PolicyArns), r.TransitiveTagKeys
			for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
				o.Tags = append(o.Tags, types.Tag{Key: aws.String(key), Value: aws.String(r.Tags[key])})
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
}

func (r *role) withWebIdentity() assumption {
	var token stscreds.IdentityTokenRetriever = stscreds.IdentityTokenFile(r.WebIdentityTokenFile)
	if r.WebIdentityToken != "" {
		token = givenToken(r.WebIdentityToken)
	}
	return func(cfg *aws.Config, stsRegion string) {
		provider := stscreds.NewWebIdentityRoleProvider(tokenService(cfg, stsRegion), r.RoleArn, token, func(o *stscreds.WebIdentityRoleOptions) {
			o.Duration, o.RoleSessionName = r.duration, r.SessionName
			o.Policy, o.PolicyARNs = optional(r.Policy), policies(r.PolicyArns)
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
}

// tokenService is a client with a copy of the configuration. It keeps the credentials from before the role.
func tokenService(cfg *aws.Config, region string) *sts.Client {
	return sts.NewFromConfig(cfg.Copy(), func(o *sts.Options) {
		if region != "" {
			o.Region = region
		}
	})
}

type givenToken string

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (t givenToken) GetIdentityToken() ([]byte, error) { return []byte(t), nil }

func policies(arns []string) []types.PolicyDescriptorType {
	var all []types.PolicyDescriptorType
	for _, arn := range arns {
		all = append(all, types.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	return all
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
