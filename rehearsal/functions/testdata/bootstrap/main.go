// Command bootstrap is the function that the runner's tests run.
package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// version is set by the linker.
var version = "1"

type event struct{ Do string }

type answer struct {
	Version, Greeting, Key, Endpoint, Extra, Arn string
	PID, Child, Calls                            int
	Seconds                                      float64
}

var calls int

func handle(ctx context.Context, e event) (answer, error) {
	calls++
	a := answer{
		Version: version, Greeting: os.Getenv("GREETING"), Key: os.Getenv("AWS_ACCESS_KEY_ID"),
		Endpoint: os.Getenv("AWS_ENDPOINT_URL"), Extra: os.Getenv("EXTRA"), PID: os.Getpid(), Calls: calls,
	}
	if deadline, ok := ctx.Deadline(); ok {
		a.Seconds = time.Until(deadline).Seconds()
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		a.Arn = lc.InvokedFunctionArn
	}
	switch e.Do {
	case "fail":
		return a, errors.New("no such table")
	case "sleep":
		time.Sleep(time.Minute)
	case "exit":
		os.Exit(3)
	case "child":
		child := exec.Command("sleep", "300")
		if err := child.Start(); err != nil {
			return a, err
		}
		a.Child = child.Process.Pid
	}
	return a, nil
}

func main() {
	if os.Getenv("GREETING") == "broken" {
		os.Exit(1)
	}
	lambda.Start(handle)
}
