package currentstate

import (
	"cdcpipeline/internal/change"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// Invoke handles an event's raw bytes. Lambda's runtime calls it ([lambda.Handler]).
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	answer, err := f.Dispatch(ctx, event)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("writing the answer to Lambda: %w", err)
	}
	return text, nil
}

// Dispatch handles a batch of the stream, or an EventBridge event or schedule ("source" is aws.events or
// aws.scheduler). The latter starts a sweep.
func (f *Function) Dispatch(ctx context.Context, event json.RawMessage) (any, error) {
	reader := f.batches.Get().(*batchReader)
	defer f.batches.Put(reader)
	if batch, ok := reader.read(event); ok {
		return f.Handle(ctx, batch)
	}
	var t trigger
	if err := json.Unmarshal(event, &t); err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	switch {
	case t.Records != nil:
		return f.Handle(ctx, t.KinesisEvent)
	case t.Source == "aws.events", t.Source == "aws.scheduler":
		return f.Sweep(ctx)
	}
	return nil, errors.New("the event is neither a batch of a stream nor a schedule")
}

// Handle indexes a batch. First it takes over a former release's registry if necessary. The answer names the first
// record that must be retried. Lambda continues with it: earlier records are settled, and later ones come again,
// which does no harm. https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
func (f *Function) Handle(ctx context.Context, batch events.KinesisEvent) (events.KinesisEventResponse, error) {
	if err := f.takeOver(ctx); err != nil && len(batch.Records) > 0 {
		return f.goOn(batch, 0, err), nil
	}
	reader := f.readers.Get().(*change.Reader)
	defer func() {
		reader.Reset()
		f.readers.Put(reader)
	}()
	items := make([]item, len(batch.Records))
	for i := range batch.Records {
		it := &items[i]
		it.from = &batch.Records[i]
		f.guarded(it, func() {
			r, err := reader.Read(it.from.Kinesis.Data)
			if err != nil {
				it.park(f.deps.Now(), Unreadable, err.Error())
				return
			}
			it.record = r
		})
	}
	out := f.apply(ctx, items)
	failed := f.parkUntil(ctx, items, &out)
	f.report(out.metrics())
	if failed >= 0 {
		return f.goOn(batch, failed, items[failed].err), nil
	}
	return events.KinesisEventResponse{}, nil
}

// goOn tells Lambda to continue with the first unsettled record.
func (f *Function) goOn(batch events.KinesisEvent, failed int, reason error) events.KinesisEventResponse {
	f.deps.Log.Warn("a batch is not finished: it will be tried again from the first record that is not",
		"settled", failed, "records", len(batch.Records), "reason", reason)
	return events.KinesisEventResponse{BatchItemFailures: []events.KinesisBatchItemFailure{{ItemIdentifier: batch.Records[failed].Kinesis.SequenceNumber}}}
}

// Begin copies the registry of another place into this new one, unless an invocation has done so.
func (f *Function) Begin(ctx context.Context) error {
	if !f.registry.copied {
		return nil
	}
	return f.takeOver(ctx)
}

// takeOver copies the registry of a former release or of another place. It does so once.
func (f *Function) takeOver(ctx context.Context) error {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	take := f.registry.takeOver
	if from := f.settings.RegistryFrom; from != "" {
		take = func(ctx context.Context) (*marker, error) { return f.registry.copyPlace(ctx, from) }
	}
	m, err := take(ctx)
	if m != nil && err == nil {
		f.deps.Log.Info("the registry of the tables is in the bucket from now on", "copied", m.Copied, "from", m.From)
	}
	return err
}

// parkUntil stores the parked records before the first unsettled one, and returns the index of that; -1 if all are
// settled. Later records will come again. If a record cannot be stored, it is unsettled.
func (f *Function) parkUntil(ctx context.Context, items []item, out *Outcome) int {
	failed := unsettled(items)
	if failed >= 0 {
		items = items[:failed]
	}
	out.Parked = nil
	first := -1
	for i := range items {
		if p := items[i].parked; p != nil {
			out.Parked = append(out.Parked, *p)
			if first < 0 {
				first = i
			}
		}
	}
	if err := f.store(ctx, out.Parked); err != nil {
		items[first].err, out.Parked = err, nil
		return first
	}
	return failed
}
