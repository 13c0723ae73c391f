package status

import (
	"cdcpipeline/internal/currentstate"
	"context"
	"fmt"
	"time"

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
		return currentstate.Settings{}, fmt.Errorf("reading the settings of the function %s: AWS does not show them: your credentials need kms:Decrypt on its key", function)
	}
	settings, err := currentstate.ReadSettings(func(name string) string { return answer.Environment.Variables[name] })
	if err != nil {
		return currentstate.Settings{}, fmt.Errorf("reading the settings of the function %s: %w", function, err)
	}
	return settings, nil
}

// CurrentStatus is that of the present state of the rows.
type CurrentStatus struct {
	// Tables of which records have come; none where no current state is kept.
	Tables []CurrentTable `json:"tables"`
	Error  string         `json:"error,omitempty"`
}

// CurrentTable is which epoch of a table its alias shows.
type CurrentTable struct {
	Name string `json:"name"`
	// Shown is the epoch that the alias shows, 0 for none; Latest is the one that records fill.
	Shown  int `json:"shown"`
	Latest int `json:"latest"`
	// Until is when the shown epoch ended: the rows are as they were then. Null while it is the latest.
	Until *time.Time `json:"until"`
}

// readCurrent asks which epochs of a source's tables are shown.
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

// Epochs of the tables whose present state is kept.
func (s *Search) Epochs(ctx context.Context, registry currentstate.EpochsOptions) ([]currentstate.TableEpochs, error) {
	registry.Domain, registry.Service = s.Current, s.Service
	return currentstate.NewEpochs(registry).List(ctx)
}
