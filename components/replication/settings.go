package replication

import (
	"cdcpipeline/config"
	"encoding/json"
	"fmt"
)

// taskSettings are the settings of the replication task, as JSON.
//
// Only what differs from DMS's defaults, or must not follow when those change, is in it, and only keys that DMS gives
// back as they were sent: the provider compares what it reads with what is here, key by key, and a key that DMS
// rewrites (Logging.EnableLogContext, CloudWatchLogGroup, historyTimeslotInMinutes) would be a change in every
// deployment, https://github.com/hashicorp/terraform-provider-aws/issues/31136.
func taskSettings(cfg config.Replication, engine config.Engine) (string, error) {
	text, err := json.MarshalIndent(settings{
		TargetMetadata: targetMetadata{
			SupportLobs: true,
			// A Kinesis record holds 1 MB, so full LOB mode is not offered for it; what is longer than LobMaxSize is
			// truncated, which stops the task below.
			LimitedSizeLobMode: true,
			LobMaxSize:         cfg.LobMaxSizeKb,
		},
		FullLoadSettings: fullLoadSettings{TargetTablePrepMode: "DO_NOTHING"},
		Logging:          logging{EnableLogging: true},
		ChangeProcessingDdlHandlingPolicy: ddlHandling{
			HandleSourceTableDropped:   true,
			HandleSourceTableTruncated: true,
			HandleSourceTableAltered:   true,
		},
		BeforeImageSettings: beforeImage{EnableBeforeImage: true, FieldName: "before-image", ColumnFilter: beforeColumns(engine)},
		ErrorBehavior:       nothingLost,
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the task settings: %w", err)
	}
	return string(text), nil
}

// beforeColumns are those that a record tells as they were. The old primary key is what removes the old document when a row's key
// changes; of PostgreSQL, what a change has left where it is stored out of line is in the old row alone,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.BeforeImage.html.
func beforeColumns(engine config.Engine) string {
	if engine == config.EnginePostgreSQL {
		return "all"
	}
	return "pk-only"
}

// nothingLost stops the task where DMS by default logs and goes on without the record or the table, and retries
// without end what a network or a throttled stream can cause,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.ErrorHandling.html.
var nothingLost = errorBehavior{
	DataErrorPolicy:                             stopTask,
	DataTruncationErrorPolicy:                   stopTask,
	DataErrorEscalationPolicy:                   stopTask,
	TableErrorPolicy:                            stopTask,
	TableErrorEscalationPolicy:                  stopTask,
	ApplyErrorInsertPolicy:                      stopTask,
	ApplyErrorUpdatePolicy:                      stopTask,
	ApplyErrorDeletePolicy:                      stopTask,
	ApplyErrorEscalationPolicy:                  stopTask,
	FailOnNoTablesCaptured:                      true,
	RecoverableErrorCount:                       -1,
	RecoverableErrorInterval:                    5,
	RecoverableErrorThrottling:                  true,
	RecoverableErrorThrottlingMax:               1800,
	RecoverableErrorStopRetryAfterThrottlingMax: false,
}

const stopTask = "STOP_TASK"

type settings struct {
	TargetMetadata                    targetMetadata
	FullLoadSettings                  fullLoadSettings
	Logging                           logging
	ChangeProcessingDdlHandlingPolicy ddlHandling
	BeforeImageSettings               beforeImage
	ErrorBehavior                     errorBehavior
}

type targetMetadata struct {
	SupportLobs, FullLobMode, LimitedSizeLobMode bool
	LobMaxSize                                   int  // KB
	BatchApplyEnabled                            bool // changes are applied one by one, in order
}

type fullLoadSettings struct{ TargetTablePrepMode string }

type logging struct{ EnableLogging bool }

type ddlHandling struct {
	HandleSourceTableDropped, HandleSourceTableTruncated, HandleSourceTableAltered bool
}

type beforeImage struct {
	EnableBeforeImage       bool
	FieldName, ColumnFilter string
}

type errorBehavior struct {
	DataErrorPolicy, DataTruncationErrorPolicy, DataErrorEscalationPolicy  string
	TableErrorPolicy, TableErrorEscalationPolicy                           string
	ApplyErrorInsertPolicy, ApplyErrorUpdatePolicy, ApplyErrorDeletePolicy string
	ApplyErrorEscalationPolicy                                             string
	FailOnNoTablesCaptured                                                 bool
	RecoverableErrorCount                                                  int // -1 is without end
	RecoverableErrorInterval                                               int // seconds
	RecoverableErrorThrottling                                             bool
	RecoverableErrorThrottlingMax                                          int // seconds
	RecoverableErrorStopRetryAfterThrottlingMax                            bool
}
