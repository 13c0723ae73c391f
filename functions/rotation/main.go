// Command rotation is the Lambda function that Secrets Manager calls to rotate the replication user's password.
package main

import (
	"cdcpipeline/internal/source/mysql/rotation"
	"cdcpipeline/internal/source/postgres"
	postgresrotation "cdcpipeline/internal/source/postgres/rotation"
	"cdcpipeline/internal/source/versions"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "loading the AWS configuration:", err)
		os.Exit(1)
	}
	rotator, err := newRotator(os.Getenv(rotation.Variable), secretsmanager.NewFromConfig(cfg))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(rotator.Handle)
}

// rotator performs one step of a rotation.
type rotator interface {
	Handle(context.Context, versions.Event) error
}

// newRotator returns the rotator for the engine in the settings. Settings without an engine are for MySQL.
func newRotator(settings string, secrets versions.Secrets) (rotator, error) {
	var of struct{ Engine string }
	if json.Unmarshal([]byte(settings), &of) == nil && of.Engine == postgres.Engine { // invalid JSON is reported below
		s, err := postgresrotation.ReadSettings(settings)
		if err != nil {
			return nil, fmt.Errorf("reading the environment variable %s: %w", rotation.Variable, err)
		}
		return postgresrotation.New(s, secrets), nil
	}
	if of.Engine != "" && of.Engine != "mysql" {
		return nil, fmt.Errorf("the environment variable %s is for the engine %q, which this function does not know", rotation.Variable, of.Engine)
	}
	s, err := rotation.ReadSettings(settings)
	if err != nil {
		return nil, err
	}
	return rotation.New(s, secrets), nil
}
