package preflight

import (
	"cdcpipeline/internal/awsapi"
	"errors"

	"github.com/aws/smithy-go"
)

// permission returns IAM's name of the action that a caller was denied.
func permission(err error) string {
	if own := (*awsapi.Error)(nil); errors.As(err, &own) {
		return own.Service + ":" + own.Action
	}
	var call *smithy.OperationError
	if !errors.As(err, &call) {
		return "a permission"
	}
	action := call.Operation()
	if action == "HeadBucket" { // the documented permission: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
		action = "ListBucket"
	}
	return prefixes[call.Service()] + ":" + action
}

// prefixes maps the SDK's service names to the prefixes of IAM's actions.
var prefixes = map[string]string{
	"Database Migration Service": "dms", "Kinesis": "kinesis", "Lambda": "lambda", "S3": "s3", "Secrets Manager": "secretsmanager", "STS": "sts",
}
