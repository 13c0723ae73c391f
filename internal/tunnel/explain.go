package tunnel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/cenkalti/backoff/v5"
)

// explain adds what to do when a session could not be started.
func explain(ctx context.Context, api *ssm.Client, target Target, waited time.Duration, err error) error {
	err = unwrapPermanent(err)
	if notConnected := (*types.TargetNotConnected)(nil); errors.As(err, &notConnected) {
		if ctx.Err() != nil { // the caller stopped waiting
			return fmt.Errorf("instance %s has not registered with SSM yet: %w", target.InstanceID, context.Cause(ctx))
		}
		return fmt.Errorf("instance %s is not connected to SSM after %s (%s): see that it runs, that its role has AmazonSSMManagedInstanceCore, "+
			"and that it reaches the endpoints ssm and ssmmessages on port 443: %w", target.InstanceID, waited, registration(ctx, api, target.InstanceID), err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("starting an SSM session to %s: %w", target.InstanceID, context.Cause(ctx))
	}
	return explainCall(target, err)
}

// explainCall adds what to do about a refused call.
func explainCall(target Target, err error) error {
	if expired(err) {
		return fmt.Errorf("the AWS credentials have expired: renew them (with IAM Identity Center: aws sso login) and try again: %w", err)
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
			return fmt.Errorf("missing permission: allow ssm:StartSession on the instance %s and on the document %s: %w", target.InstanceID, document, err)
		case "InvalidDocument":
			return fmt.Errorf("the document %s does not exist in this region: %w", document, err)
		}
	}
	return fmt.Errorf("starting an SSM session to %s: %w", target.InstanceID, err)
}

// expired recognises the codes of https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
// and of STS.
func expired(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "UnauthorizedSSOTokenError":
			return true
		}
	}
	// The SDK has no type for an expired cached sign-in.
	text := err.Error()
	return strings.Contains(text, "failed to refresh cached credentials") || strings.Contains(text, "token has expired")
}

// registration is what SSM knows about the instance. The call may be denied, and is only for the message.
func registration(ctx context.Context, api *ssm.Client, instance string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := api.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{
		Filters: []types.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{instance}}},
	})
	switch {
	case err != nil:
		return "its registration could not be looked up"
	case len(out.InstanceInformationList) == 0:
		return "it never registered"
	default:
		known := out.InstanceInformationList[0]
		return fmt.Sprintf("agent %s, %s, last seen %s", aws.ToString(known.AgentVersion), known.PingStatus, aws.ToTime(known.LastPingDateTime).UTC().Format(time.RFC3339))
	}
}

// unwrapPermanent removes the wrapper that stopped backoff from retrying.
func unwrapPermanent(err error) error {
	if permanent := (*backoff.PermanentError)(nil); errors.As(err, &permanent) {
		return permanent.Err
	}
	return err
}

func withoutQuery(url string) string {
	bare, _, _ := strings.Cut(url, "?")
	return bare
}
