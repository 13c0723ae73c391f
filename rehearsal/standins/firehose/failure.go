package firehose

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// failedRecord is a line in an object of records that could not be processed or delivered:
// https://docs.aws.amazon.com/firehose/latest/dev/retry.html.
type failedRecord struct {
	AttemptsMade           int     `json:"attemptsMade"`
	ArrivalTimestamp       int64   `json:"arrivalTimestamp"`
	ErrorCode              string  `json:"errorCode"`
	ErrorMessage           string  `json:"errorMessage"`
	AttemptEndingTimestamp int64   `json:"attemptEndingTimestamp"`
	RawData                []byte  `json:"rawData"`
	DocumentID             *string `json:"esDocumentId,omitempty"`
	IndexName              *string `json:"esIndexName,omitempty"`
	TypeName               *string `json:"esTypeName,omitempty"`
}

func (f failedRecord) line() []byte {
	line, err := json.Marshal(f)
	if err != nil { // these values always have a JSON form
		panic(err)
	}
	return append(line, '\n')
}

type extractionError struct {
	code string
	err  error
}

func (e *extractionError) Error() string { return e.err.Error() }
func (e *extractionError) Unwrap() error { return e.err }

var errTooMany = fmt.Errorf("more than %d partitions are active", maxPartitions)

func missingKey(name string) error {
	return fmt.Errorf("the query gave no partition key %s, which the prefix needs", name)
}

func processingFailure(r record, err error) []byte {
	code := "ProcessingFailed"
	if e := (*extractionError)(nil); errors.As(err, &e) {
		code = e.code
	}
	return failedRecord{
		AttemptsMade: 1, ArrivalTimestamp: r.arrived.UnixMilli(), ErrorCode: code, ErrorMessage: err.Error(),
		AttemptEndingTimestamp: time.Now().UnixMilli(), RawData: r.data,
	}.line()
}
