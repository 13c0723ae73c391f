package lambda

import (
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// TestMain makes this program itself the function that the tests upload.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(storestest.Run(m))
	}
	if os.Getenv("GREETING") == "broken" {
		os.Exit(1)
	}
	lambda.Start(handle)
}

type event struct{ Do string }

type answer struct {
	Version, Greeting, Key, Endpoint, Extra, Arn string
	PID, Child, Calls                            int
	Seconds                                      float64
}

var calls int

func handle(ctx context.Context, e event) (answer, error) {
	calls++
	version, err := os.ReadFile(filepath.Join(os.Getenv("LAMBDA_TASK_ROOT"), "version"))
	if err != nil {
		return answer{}, err
	}
	a := answer{
		Version: strings.TrimSpace(string(version)), Greeting: os.Getenv("GREETING"), Key: os.Getenv("AWS_ACCESS_KEY_ID"),
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
