package awsconfig

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// CheckAccount refuses credentials of another account than want, such as a stack's account. With "" it checks
// nothing.
func CheckAccount(ctx context.Context, cfg aws.Config, want string) error {
	if want == "" {
		return nil
	}
	caller, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return fmt.Errorf("asking AWS whose credentials these are: %w", err)
	}
	if have := aws.ToString(caller.Account); have != want {
		return fmt.Errorf("the stack is in AWS account %s, the credentials found here are of account %s (%s): "+
			"the provider had others, from the environment of that time or from resource options in the program; "+
			"set aws:profile (or aws:assumeRole) in the stack's configuration, which both follow, or AWS_PROFILE to a profile of account %s",
			want, have, aws.ToString(caller.Arn), want)
	}
	return nil
}
