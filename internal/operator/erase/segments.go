package erase

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"time"
)

// expunge rewrites segments with deleted documents. It includes those with few deletions, which OpenSearch leaves by
// default (below a tenth, index.merge.policy.expunge_deletes_allowed).
func (s *Search) expunge(ctx context.Context, index string) error {
	path := "/" + url.PathEscape(index)
	allow := func(ctx context.Context, share any) error {
		err := s.History.Do(ctx, http.MethodPut, path+"/_settings", object{"index.merge.policy.expunge_deletes_allowed": share}, nil)
		if opensearch.Status(err) == http.StatusNotFound {
			return nil // the index has reached the end of its retention
		}
		return err //nolint:wrapcheck // the caller wraps it
	}
	if err := allow(ctx, "0"); err != nil {
		return err
	}
	err := s.forgotten(ctx, path)
	if err == nil {
		err = s.merge(ctx, path)
	}
	return errors.Join(err, allow(context.WithoutCancel(ctx), nil))
}

// forgotten waits until no copy of a shard keeps the deletions to send them to another copy. A merge does not remove
// what is kept. Copies exchange their progress every 30 seconds (index.soft_deletes.retention_lease.sync_interval). It
// does not wait for an unavailable copy: [Kept.Left].
func (s *Search) forgotten(ctx context.Context, path string) error {
	patience := s.Patience
	if patience == 0 {
		patience = 2 * time.Minute
	}
	var deleted map[string]int64
	for began := time.Now(); ; {
		if err := s.History.Do(ctx, http.MethodPost, path+"/_flush?force=true&wait_if_ongoing=true", nil, nil); err != nil { // uncommitted operations are kept, too
			if opensearch.Status(err) == http.StatusNotFound {
				return nil
			}
			return err //nolint:wrapcheck // the caller wraps it
		}
		last, kept, err := s.retained(ctx, path)
		if err != nil {
			return err
		}
		if deleted == nil {
			deleted = last
		}
		behind := false
		for shard, n := range deleted {
			behind = behind || kept[shard] <= n
		}
		if !behind || time.Since(began) > patience {
			return nil
		}
		if err := s.pause(ctx); err != nil {
			return err
		}
	}
}

// retained returns two numbers for each shard: the last operation, and the first operation that a copy keeps.
func (s *Search) retained(ctx context.Context, path string) (last, kept map[string]int64, err error) {
	var out struct {
		Indices map[string]struct {
			Shards map[string][]struct {
				SeqNo struct {
					Max int64 `json:"max_seq_no"`
				} `json:"seq_no"`
				Leases struct {
					Leases []struct {
						From int64 `json:"retaining_seq_no"`
					} `json:"leases"`
				} `json:"retention_leases"`
			} `json:"shards"`
		} `json:"indices"`
	}
	last, kept = map[string]int64{}, map[string]int64{}
	if err := s.History.Do(ctx, http.MethodGet, path+"/_stats/docs?level=shards", nil, &out); err != nil {
		return last, kept, err //nolint:wrapcheck // the caller wraps it
	}
	for _, index := range out.Indices {
		for shard, copies := range index.Shards {
			kept[shard] = math.MaxInt64
			for _, one := range copies {
				last[shard] = max(last[shard], one.SeqNo.Max)
				for _, lease := range one.Leases.Leases {
					kept[shard] = min(kept[shard], lease.From)
				}
			}
		}
	}
	return last, kept, nil
}

func (s *Search) pause(ctx context.Context) error {
	pause := s.Pause
	if pause == 0 {
		pause = 2 * time.Second
	}
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller has ended it
	case <-time.After(pause):
		return nil
	}
}

// merge runs as a task, because the domain's load balancer ends a request after about a minute.
func (s *Search) merge(ctx context.Context, path string) error {
	var started struct {
		Task string `json:"task"`
	}
	err := s.History.Do(ctx, http.MethodPost, path+"/_forcemerge?only_expunge_deletes=true&flush=true&wait_for_completion=false", nil, &started)
	if opensearch.Status(err) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // the caller wraps it
	}
	for {
		var task struct {
			Completed bool `json:"completed"`
			Error     struct {
				Reason string `json:"reason"`
			} `json:"error"`
		}
		err := s.History.Do(ctx, http.MethodGet, "/_tasks/"+url.PathEscape(started.Task), nil, &task)
		switch {
		case opensearch.Status(err) == http.StatusNotFound:
			return nil // the task has ended, and its node keeps no result of it
		case err != nil:
			return err //nolint:wrapcheck // the caller wraps it
		case task.Completed && task.Error.Reason != "":
			return errors.New(task.Error.Reason)
		case task.Completed:
			return nil
		}
		if err := s.pause(ctx); err != nil {
			return err
		}
	}
}
