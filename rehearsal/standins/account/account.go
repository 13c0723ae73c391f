// Package account configures calls of the rehearsal's own parts to its AWS endpoint, as the account or as one of its
// roles.
package account

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	// Region is the rehearsal's AWS region.
	Region = "us-east-1"
	// ID is the account id of the stand-in.
	ID = "123456789012"
	// Key is both halves of the account's own credentials; the stand-in accepts any.
	Key = "rehearsal"
)

// Account calls one AWS endpoint.
type Account struct {
	endpoint string
}

// New returns the account behind an endpoint such as http://127.0.0.1:5000.
func New(endpoint string) Account { return Account{endpoint: endpoint} }

// Endpoint is the URL of all services.
func (a Account) Endpoint() string { return a.endpoint }

// Config calls as the account itself.
func (a Account) Config() aws.Config {
	return a.config(credentials.NewStaticCredentialsProvider(Key, Key, ""))
}

// Credentials returns a role's temporary credentials from AssumeRole.
func (a Account) Credentials(ctx context.Context, roleArn, session string) (aws.Credentials, error) {
	out, err := sts.NewFromConfig(a.Config()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &roleArn, RoleSessionName: &session})
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("assuming the role %s: %w", roleArn, err)
	}
	c := out.Credentials
	return aws.Credentials{
		AccessKeyID: aws.ToString(c.AccessKeyId), SecretAccessKey: aws.ToString(c.SecretAccessKey), SessionToken: aws.ToString(c.SessionToken),
		Source: roleArn, CanExpire: true, Expires: aws.ToTime(c.Expiration),
	}, nil
}

// AsRole returns a configuration that calls as a role; it renews expired credentials.
func (a Account) AsRole(roleArn, session string) aws.Config {
	return a.config(aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		return a.Credentials(ctx, roleArn, session)
	})))
}

func (a Account) config(provider aws.CredentialsProvider) aws.Config {
	return aws.Config{Region: Region, Credentials: provider, BaseEndpoint: aws.String(a.endpoint)}
}
