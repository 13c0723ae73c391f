package secretsmanager

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Attach implements RotateSecret.
func (r *Rotations) Attach(p *controlplane.Proxy) {
	rotate := controlplane.Action{Service: "secretsmanager", Name: "RotateSecret"}
	p.Before(rotate, r.admit)
	p.After(rotate, r.rotate)
}

// request is a RotateSecret request,
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html.
type request struct {
	SecretID          string `json:"SecretId"`
	RotationLambdaARN string
	RotateImmediately *bool
}

// admit refuses rotations that Secrets Manager refuses at once: with a function that it may not call, or during
// another rotation, which it then resumes.
func (r *Rotations) admit(ctx context.Context, c *controlplane.Call) (bool, error) {
	var asked request
	if err := c.Decode(&asked); err != nil {
		return false, err
	}
	secret, err := r.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &asked.SecretID})
	if err != nil {
		return false, nil //nolint:nilerr // moto reports what is wrong with it
	}
	function := asked.RotationLambdaARN
	if function == "" {
		function = aws.ToString(secret.RotationLambdaARN)
	}
	if function == "" {
		return false, nil // moto refuses it
	}
	if err := r.mayCall(ctx, function); err != nil {
		r.log.Warn("a function may not be called", "function", function, "error", err)
		return false, &controlplane.Error{
			Status: http.StatusBadRequest, Code: "AccessDeniedException",
			Message: "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
		}
	}
	for version, stages := range secret.VersionIdsToStages {
		if slices.Contains(stages, "AWSPENDING") && !slices.Contains(stages, "AWSCURRENT") {
			r.begin(Rotation{Secret: aws.ToString(secret.ARN), Function: function, Version: version})
			return false, &controlplane.Error{
				Status: http.StatusBadRequest, Code: "InvalidRequestException",
				Message: "A previous rotation isn't complete. That rotation will be reattempted.",
			}
		}
	}
	return false, nil
}

// rotate begins the rotation whose version moto has created.
func (r *Rotations) rotate(ctx context.Context, c *controlplane.Call) error {
	var asked request
	if err := c.Decode(&asked); err != nil {
		return err
	}
	var answer struct{ ARN, VersionID string }
	if err := json.Unmarshal(c.ResponseBody, &answer); err != nil {
		return fmt.Errorf("reading moto's answer to RotateSecret: %w", err)
	}
	secret, err := r.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &answer.ARN})
	if err != nil {
		return fmt.Errorf("describing the secret to rotate: %w", err)
	}
	r.begin(Rotation{
		Secret: answer.ARN, Version: answer.VersionID, Function: aws.ToString(secret.RotationLambdaARN),
		Trial: asked.RotateImmediately != nil && !*asked.RotateImmediately,
	})
	return nil
}

// mayCall looks for a statement in the function's policy that admits Secrets Manager. As far as documented, the call
// has no aws:SourceArn, so a statement that requires one does not apply.
func (r *Rotations) mayCall(ctx context.Context, function string) error {
	out, err := r.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &function})
	if err != nil {
		return fmt.Errorf("reading the function's policy: %w", err)
	}
	var policy struct {
		Statement []struct {
			Effect    string
			Action    any
			Principal map[string]string
			Condition map[string]map[string]string
		}
	}
	if err := json.Unmarshal([]byte(aws.ToString(out.Policy)), &policy); err != nil {
		return fmt.Errorf("reading the function's policy: %w", err)
	}
	for _, s := range policy.Statement {
		if s.Effect == "Allow" && s.Action == "lambda:InvokeFunction" && s.Principal["Service"] == "secretsmanager.amazonaws.com" && met(s.Condition) {
			return nil
		}
	}
	return errors.New("no statement of its policy lets secretsmanager.amazonaws.com of this account in")
}

// met reports whether a call of this account's Secrets Manager meets the conditions.
func met(conditions map[string]map[string]string) bool {
	for _, tests := range conditions {
		for key, value := range tests {
			if !slices.Contains([]string{"AWS:SourceAccount", "aws:SourceAccount"}, key) || value != account.ID {
				return false
			}
		}
	}
	return true
}

// step calls the function once.
func (r *Rotations) step(rotation *Rotation, step string) error {
	event, err := json.Marshal(map[string]string{
		"Step": step, "SecretId": rotation.Secret, "ClientRequestToken": rotation.Version,
	})
	if err != nil {
		return fmt.Errorf("writing the event: %w", err)
	}
	result, err := r.invoker.Invoke(r.ctx, rotation.Function, event)
	if err != nil {
		return fmt.Errorf("calling the function: %w", err)
	}
	if result.FunctionError != "" {
		return fmt.Errorf("the function failed: %s", result.Payload)
	}
	return nil
}
