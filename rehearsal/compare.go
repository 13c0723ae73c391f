package main

import (
	"bufio"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/verify"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// patience is how long nothing may arrive before the comparison is made with what is there.
const patience = 3 * time.Minute

// verify waits until everything has been delivered, then compares both sinks with what was committed.
func (r *rehearsal) verify(ctx context.Context) error {
	if err := r.followOne(ctx); err != nil {
		return err
	}
	written, err := r.written("loaded", "changes", "marker")
	if err != nil {
		return err
	}
	if err := r.settle(ctx, len(written)); err != nil {
		return err
	}
	history, err := r.history(ctx, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	lake, err := r.lake(ctx, r.output("lakePrefix")+"/")
	if err != nil {
		return err
	}
	inHistory, inLake := verify.Compare(written, history), verify.Compare(written, lake)
	r.report.Events = report.Events{
		Written: len(written), Loaded: loaded, History: inHistory.Arrived, Lake: inLake.Arrived,
		Lost: len(inHistory.Lost) + len(inLake.Lost), Duplicated: inHistory.Duplicated + inLake.Duplicated,
	}
	r.report.LatencyMs.History = quantiles(r.latencies(written, r.output("searchDeliveryName")))
	r.report.LatencyMs.Lake = quantiles(r.latencies(written, r.output("lakeDeliveryName")))
	for sink, d := range map[string]verify.Difference{"history": inHistory, "lake": inLake} {
		if len(d.Lost) > 0 {
			fmt.Fprintf(os.Stderr, "lost in %s, first of %d: %s\n", sink, len(d.Lost), d.Lost[0])
		}
		if len(d.Foreign) > 0 {
			return fmt.Errorf("the %s holds %d changes that nobody made, the first: %s", sink, len(d.Foreign), d.Foreign[0])
		}
	}
	if err := r.current(ctx); err != nil {
		return err
	}
	return r.catalogue(ctx)
}

// written is what the writer's journals say was committed; journals named loaded… are of rows that arrive as loaded ones.
func (r *rehearsal) written(journals ...string) ([]verify.Change, error) {
	var all []verify.Change
	for _, name := range journals {
		file, err := os.Open(r.journal(name))
		if err != nil {
			return nil, fmt.Errorf("opening the journal: %w", err)
		}
		operation := ""
		if strings.HasPrefix(name, "loaded") {
			operation = "load"
		}
		changes, err := verify.Journal(file, operation)
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("the journal %s: %w", name, err)
		}
		all = append(all, changes...)
	}
	return all, nil
}

// settle waits until the task has read all changes and both deliveries have delivered what they were given.
func (r *rehearsal) settle(ctx context.Context, want int) error {
	progress, last := time.Now(), int64(-1)
	for {
		if err := r.taskHealthy(); err != nil {
			return err
		}
		task, _ := r.world.DMS.Task(r.output("taskArn"))
		var read int64
		for _, t := range task.Tables {
			read += t.FullLoadRows + t.Inserts + t.Updates + t.Deletes
		}
		if read >= int64(want) {
			break
		}
		if read != last {
			progress, last = time.Now(), read
			r.log.Detail("the task has read %d of %d changes", read, want)
		}
		if time.Since(progress) > patience {
			return fmt.Errorf("the task stands still at %d of %d changes", read, want)
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	r.log.Detail("the task has read everything; waiting for the deliveries' buffers")
	drain, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.world.Firehose.Drain(drain); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	for name, s := range r.world.Firehose.Stats() {
		if s.Parked > 0 {
			return fmt.Errorf("%s has parked %d records", name, s.Parked)
		}
	}
	return nil
}

// history is every change in the domain's history index, by the search that the blog makes.
func (r *rehearsal) history(ctx context.Context, domain string) ([]verify.Change, error) {
	d, ok := r.world.Domains.Domain(domain)
	if !ok {
		return nil, fmt.Errorf("the domain %s does not exist", domain)
	}
	admin, err := d.Admin(ctx)
	if err != nil {
		return nil, fmt.Errorf("signing in to the domain: %w", err)
	}
	index := r.output("historyIndex")
	err = admin.Refresh(ctx, index)
	if missing := (*stores.StatusError)(nil); errors.As(err, &missing) && missing.Status == http.StatusNotFound {
		return nil, nil // nothing has arrived yet
	}
	if err != nil {
		return nil, fmt.Errorf("refreshing the history: %w", err)
	}
	var found []verify.Change
	err = admin.Each(ctx, index, func(hit stores.Hit) error {
		change, ok, err := verify.Record(hit.Source)
		if ok {
			found = append(found, change)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	return found, nil
}

// lake is every change in the bucket's objects.
func (r *rehearsal) lake(ctx context.Context, prefix string) ([]verify.Change, error) {
	client := s3.NewFromConfig(r.world.Account.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String(r.output("lakeBucket"))
	var found []verify.Change
	for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the lake: %w", err)
		}
		for _, object := range page.Contents {
			body, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: object.Key})
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", aws.ToString(object.Key), err)
			}
			changes, err := readObject(body.Body)
			_ = body.Body.Close()
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", aws.ToString(object.Key), err)
			}
			found = append(found, changes...)
		}
	}
	return found, nil
}

// readObject reads one gzipped object, a record a line.
func readObject(body io.Reader) ([]verify.Change, error) {
	text, err := gzip.NewReader(body)
	if err != nil {
		return nil, fmt.Errorf("the object is not gzip: %w", err)
	}
	var found []verify.Change
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" { // DMS ends a record with a newline, and so does the delivery
			continue
		}
		change, ok, err := verify.Record(lines.Bytes())
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, change)
		}
	}
	return found, lines.Err() //nolint:wrapcheck // wrapped by the caller
}

// latencies are from the return of the commit to the delivery, for changes; loaded rows have none.
func (r *rehearsal) latencies(written []verify.Change, stream string) []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	committed := map[string][]time.Time{}
	for _, c := range written {
		committed[c.ID] = append(committed[c.ID], c.At)
	}
	var found []time.Duration
	for _, a := range r.arrivals[stream] {
		for _, raw := range a.records {
			change, ok, err := verify.Record(raw)
			if times := committed[change.ID]; err == nil && ok && len(times) > 0 && !strings.Contains(change.ID, " load ") {
				found = append(found, a.at.Sub(times[0]))
				committed[change.ID] = times[1:]
			}
		}
	}
	return found
}
