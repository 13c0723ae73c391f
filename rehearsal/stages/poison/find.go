package poison

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/world/objects"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Places are where records are parked: prefixes of objects in a bucket.
type Places struct {
	Bucket string
	// Function is the function's prefix, the others those of the deliveries.
	Function, History, Lake string
}

// Find finds each record where it was parked: by the function with its reason, at least once (a repeated batch may
// end elsewhere), and by a delivery exactly once. It returns how many the function parked.
func Find(ctx context.Context, cfg aws.Config, places Places, records []Record) (int, error) {
	byFunction := map[string][]currentstate.Reason{}
	others := 0
	err := objects.Lines(ctx, cfg, places.Bucket, places.Function, func(_ string, line []byte) error {
		var p currentstate.Parked
		if err := json.Unmarshal(line, &p); err != nil {
			return fmt.Errorf("reading a parked record: %w", err)
		}
		data := p.Record + string(p.Bytes)
		byFunction[data] = append(byFunction[data], p.Reason)
		others++
		return nil
	})
	if err != nil {
		return 0, err
	}
	byHistory, err := undelivered(ctx, cfg, places.Bucket, places.History)
	if err != nil {
		return 0, err
	}
	byLake, err := undelivered(ctx, cfg, places.Bucket, places.Lake)
	if err != nil {
		return 0, err
	}
	found := 0
	var problems []error
	for _, p := range records {
		reasons := byFunction[string(p.Data)]
		others -= len(reasons)
		if len(reasons) > 0 && !slices.ContainsFunc(reasons, func(r currentstate.Reason) bool { return r != p.Reason }) {
			found++
		} else {
			problems = append(problems, fmt.Errorf("%s: the function has parked it as %v, not as %s", p.What, reasons, p.Reason))
		}
		for _, delivery := range []struct {
			name  string
			takes bool
			has   int
		}{{"history", p.InHistory, byHistory[string(p.Data)]}, {"lake", p.InLake, byLake[string(p.Data)]}} {
			if want := map[bool]int{false: 1}[delivery.takes]; delivery.has != want {
				problems = append(problems, fmt.Errorf("%s: the delivery of the %s has parked it %d times, not %d", p.What, delivery.name, delivery.has, want))
			}
		}
	}
	if others > 0 {
		problems = append(problems, fmt.Errorf("the function has parked %d records that are no poison", others))
	}
	return found, errors.Join(problems...)
}

// undelivered are the records that a delivery parked below a prefix, with their counts.
func undelivered(ctx context.Context, cfg aws.Config, bucket, prefix string) (map[string]int, error) {
	found := map[string]int{}
	err := objects.Lines(ctx, cfg, bucket, prefix, func(_ string, line []byte) error {
		var failed struct {
			RawData []byte `json:"rawData"`
		}
		if err := json.Unmarshal(line, &failed); err != nil {
			return fmt.Errorf("reading a record that was not delivered: %w", err)
		}
		found[string(failed.RawData)]++
		return nil
	})
	return found, err
}
