package status

import (
	"cdcpipeline/internal/currentstate"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Functions is the part of Lambda that returns a function's configuration.
type Functions interface {
	GetFunctionConfiguration(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
}

// ReadCurrentSettings reads the settings of a deployed current-state function, so that commands here use the same
// settings.
func ReadCurrentSettings(ctx context.Context, api Functions, function string) (currentstate.Settings, error) {
	answer, err := api.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return currentstate.Settings{}, fmt.Errorf("reading the settings of the function %s: %w", function, err)
	}
	if answer.Environment == nil {
		return currentstate.Settings{}, fmt.Errorf("reading the settings of the function %s: AWS does not show them: your credentials need kms:Decrypt on its key", function)
	}
	settings, err := currentstate.ReadSettings(func(name string) string { return answer.Environment.Variables[name] })
	if err != nil {
		return currentstate.Settings{}, fmt.Errorf("reading the settings of the function %s: %w", function, err)
	}
	return settings, nil
}

// CurrentStatus is the status of the current state.
type CurrentStatus struct {
	// Tables lists the tables with records. It is empty in a stack without a current state.
	Tables []CurrentTable `json:"tables"`
	Error  string         `json:"error,omitempty"`
}

// CurrentTable says which epoch of a table its alias shows.
type CurrentTable struct {
	Name string `json:"name"`
	// Shown is the number of the epoch that the alias shows, or 0 for none. Latest is the number of the epoch that new
	// records fill.
	Shown  int `json:"shown"`
	Latest int `json:"latest"`
	// Until is when the shown epoch ended. The epoch's rows have not changed since. Until is null while the shown epoch
	// is the latest.
	Until *time.Time `json:"until"`
}

// readCurrent reads which epochs of a source's tables are shown.
func readCurrent(ctx context.Context, cluster Cluster, source Source) CurrentStatus {
	status := CurrentStatus{Tables: []CurrentTable{}}
	tables, err := cluster.Epochs(ctx, source.Registry)
	if err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	for _, t := range tables {
		one := CurrentTable{Name: t.Name.String(), Shown: t.Current, Latest: t.Latest().Number}
		if until := t.Until(); !until.IsZero() {
			one.Until = &until
		}
		status.Tables = append(status.Tables, one)
	}
	return status
}

// Epochs returns the epochs of the tables with a current state.
func (s *Search) Epochs(ctx context.Context, registry currentstate.EpochsOptions) ([]currentstate.TableEpochs, error) {
	registry.Domain, registry.Service = s.Current, s.Service
	return currentstate.NewEpochs(registry).List(ctx)
}
