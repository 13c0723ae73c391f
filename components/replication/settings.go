package replication

import (
	"cdcpipeline/config"
	"encoding/json"
	"fmt"
)

// taskSettings are the settings of the replication task, as JSON.
//
// It holds only settings that differ from DMS's defaults, or must not follow when those change. It omits keys that
// DMS rewrites (Logging.EnableLogContext, CloudWatchLogGroup, historyTimeslotInMinutes): the provider compares key by
// key, so they would be a change in every deployment,
// https://github.com/hashicorp/terraform-provider-aws/issues/31136.
func taskSettings(cfg config.Replication, engine config.Engine) (string, error) {
	text, err := json.MarshalIndent(settings{
		TargetMetadata: targetMetadata{
			SupportLobs: true,
			// A Kinesis record holds 1 MB, so full LOB mode is not offered. A value longer than LobMaxSize is
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

// beforeColumns are the columns whose old values a record contains. The old primary key removes the old document when
// a row's key changes. In PostgreSQL, values that are stored out of line and that a change did not touch are in the
// old row only,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.BeforeImage.html.
func beforeColumns(engine config.Engine) string {
	if engine == config.EnginePostgreSQL {
		return "all"
	}
	return "pk-only"
}

// nothingLost stops the task where DMS by default logs the error and skips the record or the table. It retries
// without end after errors that a network or a throttled stream can cause,
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
