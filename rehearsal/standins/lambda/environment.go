package lambda

import (
	"cdcpipeline/rehearsal/machine/process"
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	// initLimit is longer than Lambda's 10 s, because the rehearsal's machine is busy.
	initLimit = 60 * time.Second
	// renewBefore is how long before its credentials expire an environment is replaced.
	renewBefore = 5 * time.Minute
	grace       = 2 * time.Second
)

// environment is a running function: its process and the runtime API that it polls for work.
type environment struct {
	fingerprint string
	arn         string
	timeout     time.Duration
	expires     time.Time
	process     *process.Process
	api         *runtimeAPI
}

// fingerprint changes with everything that requires a new environment.
func fingerprint(c *types.FunctionConfiguration) (string, error) {
	document, err := json.Marshal([]any{c.CodeSha256, c.Environment, c.Role, c.Handler, c.Timeout, c.MemorySize, c.Architectures})
	if err != nil {
		return "", fmt.Errorf("reading the configuration of %s: %w", aws.ToString(c.FunctionName), err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(document)), nil
}

func (e *environment) fits(fingerprint string) bool {
	select {
	case <-e.process.Done():
		return false
	default:
		return e.fingerprint == fingerprint && time.Until(e.expires) > renewBefore
	}
}

func (e *environment) stop() {
	e.process.Stop()
	e.api.close()
}

// start starts a new environment with the uploaded code.
func (r *Runner) start(ctx context.Context, f *function, c *types.FunctionConfiguration) (*environment, error) {
	root, program, err := r.unzip(f)
	if err != nil {
		return nil, err
	}
	credentials, err := r.account.Credentials(ctx, aws.ToString(c.Role), f.name)
	if err != nil {
		return nil, fmt.Errorf("as its role: %w", err)
	}
	api, err := newRuntimeAPI()
	if err != nil {
		return nil, err
	}
	child, err := process.Start(r.ctx, process.Command{
		Name: "function " + f.name, Path: program, Dir: root, Grace: grace,
		Env: slices.Concat(r.reserved(f.name, root, api.address, c, credentials), declared(c), r.options.Env),
		Log: filepath.Join(r.options.LogDir, f.name+".log"),
	})
	if err != nil {
		api.close()
		return nil, fmt.Errorf("running bootstrap: %w", err)
	}
	return &environment{
		arn: aws.ToString(c.FunctionArn), timeout: time.Duration(aws.ToInt32(c.Timeout)) * time.Second,
		expires: credentials.Expires, process: child, api: api,
	}, nil
}

// reserved are the variables that Lambda sets:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
func (r *Runner) reserved(name, root, api string, c *types.FunctionConfiguration, credentials aws.Credentials) []string {
	return []string{
		"_HANDLER=" + aws.ToString(c.Handler),
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"AWS_LAMBDA_FUNCTION_NAME=" + name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(int(aws.ToInt32(c.MemorySize))),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + name,
		"AWS_LAMBDA_LOG_STREAM_NAME=rehearsal",
		"AWS_EXECUTION_ENV=AWS_Lambda_" + string(c.Runtime),
		"AWS_REGION=" + account.Region,
		"AWS_DEFAULT_REGION=" + account.Region,
		"AWS_ACCESS_KEY_ID=" + credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + credentials.SessionToken,
		"AWS_ENDPOINT_URL=" + r.account.Endpoint(),
		"LAMBDA_TASK_ROOT=" + root,
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
	}
}

func declared(c *types.FunctionConfiguration) []string {
	if c.Environment == nil {
		return nil
	}
	var variables []string
	for key, value := range c.Environment.Variables {
		variables = append(variables, key+"="+value)
	}
	return variables
}

// invoke passes one event to the process and waits. After a timeout or an exit the environment is no longer alive.
func (e *environment) invoke(ctx context.Context, payload []byte) (result Result, alive bool, err error) {
	call := &invocation{id: rand.Text(), arn: e.arn, payload: payload, timeout: e.timeout, result: make(chan Result, 1)}
	starting := time.NewTimer(initLimit)
	defer starting.Stop()
	select {
	case e.api.next <- call:
	case failure := <-e.api.initFailed:
		return failure, false, nil
	case <-e.process.Done():
		return e.ended(call.id), false, nil
	case <-starting.C:
		return unhandled("Sandbox.Timedout", fmt.Sprintf("the function asked for no work within %s of its start", initLimit)), false, nil
	case <-ctx.Done():
		return Result{}, false, fmt.Errorf("waiting for the function to start: %w", context.Cause(ctx))
	}
	working := time.NewTimer(e.timeout)
	defer working.Stop()
	select {
	case result := <-call.result:
		return result, true, nil
	case <-e.process.Done():
		// Its last output may be an answer: both are ready then.
		select {
		case result := <-call.result:
			return result, false, nil
		default:
			return e.ended(call.id), false, nil
		}
	case <-working.C:
		message := fmt.Sprintf("%s %s Task timed out after %.2f seconds", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), call.id, e.timeout.Seconds())
		return unhandled("Sandbox.Timedout", message), false, nil
	case <-ctx.Done():
		return Result{}, false, fmt.Errorf("waiting for the function's answer: %w", context.Cause(ctx))
	}
}

func (e *environment) ended(id string) Result {
	err := e.process.Err()
	if err == nil {
		err = errors.New("the rehearsal ended it")
	}
	return unhandled("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited: %v", id, err))
}

// unhandled is the answer for a function that did not answer itself.
func unhandled(kind, message string) Result {
	body, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	if err != nil {
		body = []byte(`{"errorType":"Runtime.Unknown"}`)
	}
	return Result{Payload: body, FunctionError: "Unhandled"}
}
