package dms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// settings are the task settings that have an effect here, with DMS's defaults:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.html.
type settings struct {
	TargetMetadata                    targetMetadata
	FullLoadSettings                  fullLoadSettings
	BeforeImageSettings               *beforeImageSettings
	ErrorBehavior                     errorBehavior
	ValidationSettings                validationSettings
	ChangeProcessingDdlHandlingPolicy ddlHandling

	// These settings do not affect a stand-in's records: log verbosity, memory, and names of control tables, which a
	// Kinesis target lacks.
	Logging, StreamBufferSettings, ControlTablesSettings, ChangeProcessingTuning json.RawMessage
	FailTaskWhenCleanTaskResourceFailed                                          json.RawMessage
}

type targetMetadata struct {
	TargetSchema                                                                   string
	SupportLobs, FullLobMode, LimitedSizeLobMode                                   bool
	LobChunkSize, LobMaxSize, InlineLobMaxSize, LoadMaxFileSize                    int
	BatchApplyEnabled                                                              bool
	ParallelLoadThreads, ParallelLoadBufferSize, ParallelLoadQueuesPerThread       int
	ParallelApplyThreads, ParallelApplyBufferSize, ParallelApplyQueuesPerThread    int
	TaskRecoveryTableEnabled, TargetTableCaseInsensitive, EnableMixedLobOptimizing bool
}

type fullLoadSettings struct {
	TargetTablePrepMode                                               string
	CreatePkAfterFullLoad                                             bool
	StopTaskCachedChangesApplied, StopTaskCachedChangesNotApplied     bool
	MaxFullLoadSubTasks, TransactionConsistencyTimeout, CommitRate    int
	ResumeEnabled, ResumeOnlyClusteredPKTables                        bool
	ResumeMinTableSize, SkipRecordErrorsDuringLoad, PartialLoadErrors int
}

type beforeImageSettings struct {
	EnableBeforeImage       bool
	FieldName, ColumnFilter string
}

type validationSettings struct {
	EnableValidation bool
	rest             json.RawMessage
}

// UnmarshalJSON reads only the switch: the rest of the section concerns a validation that a Kinesis target lacks.
func (v *validationSettings) UnmarshalJSON(text []byte) error {
	var on struct{ EnableValidation bool }
	if err := json.Unmarshal(text, &on); err != nil {
		return fmt.Errorf("ValidationSettings: %w", err)
	}
	v.EnableValidation, v.rest = on.EnableValidation, text
	return nil
}

type ddlHandling struct {
	HandleSourceTableDropped, HandleSourceTableTruncated, HandleSourceTableAltered bool
}

type errorBehavior struct {
	DataErrorPolicy, DataTruncationErrorPolicy, DataErrorEscalationPolicy, EventErrorPolicy            string
	TableErrorPolicy, TableErrorEscalationPolicy                                                       string
	ApplyErrorDeletePolicy, ApplyErrorInsertPolicy, ApplyErrorUpdatePolicy, ApplyErrorEscalationPolicy string
	DataErrorEscalationCount, TableErrorEscalationCount, ApplyErrorEscalationCount                     int
	DataMaskingErrorPolicy                                                                             string
	RecoverableErrorCount, RecoverableErrorInterval, RecoverableErrorThrottlingMax                     int
	RecoverableErrorThrottling, RecoverableErrorStopRetryAfterThrottlingMax                            bool
	ApplyErrorFailOnTruncationDdl, FullLoadIgnoreConflicts, FailOnTransactionConsistencyBreached       bool
	FailOnNoTablesCaptured                                                                             bool
}

const (
	logError     = "LOG_ERROR"
	ignoreRecord = "IGNORE_RECORD"
	suspendTable = "SUSPEND_TABLE"
	stopTask     = "STOP_TASK"
)

func defaultSettings() settings {
	return settings{
		TargetMetadata:                    targetMetadata{SupportLobs: true, LimitedSizeLobMode: true, LobMaxSize: 32},
		FullLoadSettings:                  fullLoadSettings{TargetTablePrepMode: "DROP_AND_CREATE", MaxFullLoadSubTasks: 8},
		ChangeProcessingDdlHandlingPolicy: ddlHandling{true, true, true},
		ErrorBehavior: errorBehavior{
			DataErrorPolicy: logError, DataTruncationErrorPolicy: logError, TableErrorPolicy: suspendTable,
			RecoverableErrorCount: -1, RecoverableErrorInterval: 5, RecoverableErrorThrottling: true,
			RecoverableErrorThrottlingMax: 1800, FailOnNoTablesCaptured: true,
		},
	}
}

// parseSettings parses task settings strictly, because the effect of an unknown key would be missing here.
func parseSettings(text string) (settings, error) {
	s := defaultSettings()
	if text == "" {
		return s, nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, fmt.Errorf("task settings: %w", err)
	}
	return s, s.check()
}

func (s settings) check() error {
	var problems []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf("task settings: "+format, args...))
		}
	}
	t, f, e := s.TargetMetadata, s.FullLoadSettings, s.ErrorBehavior
	refuse(t.FullLobMode, "TargetMetadata.FullLobMode: a Kinesis target takes limited LOB mode only")
	refuse(t.BatchApplyEnabled, "TargetMetadata.BatchApplyEnabled is not implemented")
	refuse(t.TargetSchema != "", "TargetMetadata.TargetSchema is not implemented")
	refuse(t.SupportLobs && t.LobMaxSize <= 0, "TargetMetadata.LobMaxSize must be positive in limited LOB mode")
	refuse(t.ParallelApplyThreads > 32, "TargetMetadata.ParallelApplyThreads is at most 32 for a Kinesis target")
	refuse(f.StopTaskCachedChangesApplied || f.StopTaskCachedChangesNotApplied, "FullLoadSettings.StopTaskCachedChanges* is not implemented")
	refuse(!slices.Contains([]string{"DO_NOTHING", "DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD"}, f.TargetTablePrepMode),
		"FullLoadSettings.TargetTablePrepMode %q is unknown", f.TargetTablePrepMode)
	refuse(s.ValidationSettings.EnableValidation, "ValidationSettings.EnableValidation: a Kinesis target has nothing to compare with")
	for name, policy := range map[string]string{"DataErrorPolicy": e.DataErrorPolicy, "DataTruncationErrorPolicy": e.DataTruncationErrorPolicy} {
		refuse(!slices.Contains([]string{logError, ignoreRecord, suspendTable, stopTask}, policy), "ErrorBehavior.%s %q is unknown", name, policy)
		refuse(policy == suspendTable, "ErrorBehavior.%s SUSPEND_TABLE is not implemented", name)
	}
	refuse(e.RecoverableErrorStopRetryAfterThrottlingMax, "ErrorBehavior.RecoverableErrorStopRetryAfterThrottlingMax is not implemented")
	if b := s.BeforeImageSettings; b != nil && b.EnableBeforeImage {
		refuse(b.FieldName == "", "BeforeImageSettings.FieldName must not be empty")
		refuse(!slices.Contains([]string{"pk-only", "non-lob", "all"}, b.ColumnFilter), "BeforeImageSettings.ColumnFilter %q is unknown", b.ColumnFilter)
	}
	return errors.Join(problems...)
}

// wait is the pause before the nth retry of a recoverable error, and whether there is one.
func (e errorBehavior) wait(n int) (time.Duration, bool) {
	if e.RecoverableErrorCount >= 0 && n > e.RecoverableErrorCount {
		return 0, false
	}
	interval := time.Duration(e.RecoverableErrorInterval) * time.Second
	if !e.RecoverableErrorThrottling {
		return interval, true
	}
	longest := time.Duration(e.RecoverableErrorThrottlingMax) * time.Second
	for range min(n-1, 20) {
		if interval *= 2; interval >= longest {
			return longest, true
		}
	}
	return interval, true
}
