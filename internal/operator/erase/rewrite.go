package erase

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// A rewritten object has this metadata. The first entry tells the tables' job that it has read the object before
// (cdctables/request.py). The second entry tells a continued erasure from which version the object was made.
const (
	metaDelivered = "cdc-delivered"
	metaFormer    = "cdc-former-version"
)

// erase removes the row's records from everything that a survey has found.
func (l Lake) erase(ctx context.Context, s *survey) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(readers)
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		work.Go(func() error { return l.eraseFrom(ctx, s, s.objects[key]) })
	}
	return work.Wait() //nolint:wrapcheck // the error names the object
}

// eraseFrom removes the row's records from one object. It deletes the oldest version first. After an interruption the
// latest version is therefore the original or its replacement.
func (l Lake) eraseFrom(ctx context.Context, s *survey, o *stored) error {
	latest := o.versions[0]
	whole := false
	if n, ok := o.counts[latest.id]; ok {
		written, err := l.rewrite(ctx, s, latest, n)
		if err != nil {
			return err
		}
		if whole = written.id == ""; !whole {
			s.mu.Lock()
			s.seen[written.key+"\x00"+written.id] = true
			s.mu.Unlock()
		}
	} else if !latest.mark {
		if err := l.proven(ctx, s, latest, o); err != nil {
			return err
		}
	}
	var gone []version
	for _, v := range slices.Backward(o.versions) {
		if _, has := o.counts[v.id]; has || whole {
			gone = append(gone, v)
		}
	}
	return l.deleteVersions(ctx, gone)
}

// drop reports whether a record belongs to the row.
func (s *survey) drop(record []byte) bool {
	b, err := s.of.read(record)
	return err == nil && b != nil && len(b.of) > 0
}

// rewrite writes an object without the row's records, under the same name and with the same encryption. It then
// compares the written records with those to keep. If nothing is left of the object, it writes nothing, and the new
// version has no id.
func (l Lake) rewrite(ctx context.Context, s *survey, v version, n counted) (version, error) {
	body, out, err := l.get(ctx, v)
	if err != nil {
		return version{}, err
	}
	kept, again, err := l.form(v.key)(body, s.drop)
	switch {
	case err != nil:
		return version{}, fmt.Errorf("erasing from s3://%s/%s: %w", l.Name, v.key, err)
	case again != n:
		return version{}, fmt.Errorf("erasing from s3://%s/%s: the object had %d records, %d of them of the row, but now has %d and %d: run the same command again", l.Name, v.key, n.records, n.dropped, again.records, again.dropped)
	case kept == nil:
		return version{}, nil
	}
	metadata := maps.Clone(out.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	if metadata[metaDelivered] == "" {
		metadata[metaDelivered] = v.written.UTC().Format(time.RFC3339)
	}
	metadata[metaFormer] = v.id
	put, err := l.Client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &l.Name, Key: &v.key, Body: bytes.NewReader(kept), Metadata: metadata, ContentType: out.ContentType, ContentEncoding: out.ContentEncoding,
		ServerSideEncryption: out.ServerSideEncryption, SSEKMSKeyId: out.SSEKMSKeyId, BucketKeyEnabled: out.BucketKeyEnabled, StorageClass: out.StorageClass,
	})
	if err != nil {
		return version{}, fmt.Errorf("writing s3://%s/%s without the row: %w", l.Name, v.key, err)
	}
	written := version{key: v.key, id: aws.ToString(put.VersionId), latest: true}
	if written.id == "" {
		return version{}, fmt.Errorf("writing s3://%s/%s without the row: the bucket keeps no versions: run `pulumi up` to turn them on", l.Name, v.key)
	}
	return written, l.compare(ctx, s, v, written)
}

// proven checks a latest version that an erasure has written. It must hold all other records of the version that it was
// made from.
func (l Lake) proven(ctx context.Context, s *survey, latest version, o *stored) error {
	_, out, err := l.get(ctx, latest)
	if err != nil {
		return err
	}
	for _, v := range o.versions[1:] {
		if v.id == out.Metadata[metaFormer] && !v.mark {
			return l.compare(ctx, s, v, latest)
		}
	}
	return nil
}

// compare checks that a version has the records of the former one in the same order, without the row's.
func (l Lake) compare(ctx context.Context, s *survey, former, written version) error {
	before, n, err := l.kept(ctx, s, former)
	if err != nil {
		return err
	}
	after, m, err := l.kept(ctx, s, written)
	if err != nil {
		return err
	}
	if before != after || m.dropped != 0 || m.records != n.records-n.dropped {
		return fmt.Errorf("s3://%s/%s: version %s has %d records, but should have the %d records of %s that are not of the row: nothing of the object was deleted",
			l.Name, former.key, written.id, m.records, n.records-n.dropped, former.id)
	}
	return nil
}

// kept returns a digest of a version's records that do not belong to the row.
func (l Lake) kept(ctx context.Context, s *survey, v version) (sum [sha256.Size]byte, n counted, err error) {
	body, _, err := l.get(ctx, v)
	if err != nil {
		return sum, n, err
	}
	digest := sha256.New()
	_, n, err = l.form(v.key)(body, func(record []byte) bool {
		if s.drop(record) {
			return true
		}
		fmt.Fprintf(digest, "%d:", len(record))
		digest.Write(record)
		return false
	})
	if err != nil {
		return sum, n, errors.Join(fmt.Errorf("reading s3://%s/%s", l.Name, v.key), err)
	}
	return [sha256.Size]byte(digest.Sum(nil)), n, nil
}
