package operate

import (
	"cdcpipeline/currentstate"
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Functions is the part of Lambda that tells how a function is configured.
type Functions interface {
	GetFunctionConfiguration(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
}

// ReadCurrentSettings reads the settings of a deployed current-state function, so that what is done from here is done as
// the function does it.
func ReadCurrentSettings(ctx context.Context, api Functions, function string) (currentstate.Settings, error) {
	answer, err := api.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return currentstate.Settings{}, fmt.Errorf("reading the settings of the function %s: %w", function, err)
	}
	if answer.Environment == nil {
		return currentstate.Settings{}, fmt.Errorf("reading the settings of the function %s: they are not shown: credentials need kms:Decrypt on its key", function)
	}
	settings, err := currentstate.Environment(func(name string) string { return answer.Environment.Variables[name] })
	if err != nil {
		return currentstate.Settings{}, fmt.Errorf("reading the settings of the function %s: %w", function, err)
	}
	return settings, nil
}

// Client sends requests to the domain under its master user, whatever client d has.
func (d *Domain) Client() *http.Client {
	client := *d.HTTP
	client.Transport = authenticated{d, d.HTTP.Transport}
	return &client
}

// authenticated signs requests in to a domain.
type authenticated struct {
	domain *Domain
	send   http.RoundTripper
}

// RoundTrip leaves the request as it is, as round trippers must.
func (a authenticated) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(a.domain.User, a.domain.Password)
	send := a.send
	if send == nil {
		send = http.DefaultTransport
	}
	return send.RoundTrip(r) //nolint:wrapcheck // as if nothing were in between
}
