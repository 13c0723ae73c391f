package erase

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/lake/partition"
	"cdcpipeline/internal/table"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// Bucket is the part of S3's API that this package calls.
type Bucket interface {
	objects.S3
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
}

// Lake is the stack's bucket, which keeps versions.
type Lake struct {
	Client Bucket
	Name   string
	// Source names the source of the records. It is empty for the unnamed one.
	Source string
	// Prefix is the prefix of the tables' records, without a slash at its end.
	Prefix string
	// Parked lists the prefixes of records that could not be delivered or applied, each with a slash at its end.
	// Invocations is the prefix in this list under which Lambda stores failed batches.
	Parked      []string
	Invocations string
	// Results is the prefix of query results, with a slash at its end.
	Results string
}

func (l Lake) folder(n table.Name) string { return partition.Folder(l.Prefix, n.Database, n.Table) }

// version is a version of an object, or a delete marker.
type version struct {
	key, id string
	latest  bool
	mark    bool
	written time.Time
}

// versions returns the versions of all objects below a prefix. The latest version of each object comes first. An empty
// prefix has none.
func (l Lake) versions(ctx context.Context, prefix string) ([]version, error) {
	if prefix == "" {
		return nil, nil
	}
	var found []version
	in := &s3.ListObjectVersionsInput{Bucket: &l.Name, Prefix: &prefix}
	for pages := s3.NewListObjectVersionsPaginator(l.Client, in); pages.HasMorePages(); {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the versions of s3://%s/%s: %w", l.Name, prefix, err)
		}
		for _, v := range out.Versions {
			found = append(found, version{aws.ToString(v.Key), aws.ToString(v.VersionId), aws.ToBool(v.IsLatest), false, aws.ToTime(v.LastModified)})
		}
		for _, m := range out.DeleteMarkers {
			found = append(found, version{aws.ToString(m.Key), aws.ToString(m.VersionId), aws.ToBool(m.IsLatest), true, aws.ToTime(m.LastModified)})
		}
	}
	slices.SortStableFunc(found, func(a, b version) int {
		if a.latest != b.latest && a.key == b.key {
			if a.latest {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.key, b.key), b.written.Compare(a.written))
	})
	return found, nil
}

// deleteAtOnce is the greatest number of versions that one request may delete,
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html.
const deleteAtOnce = 1000

// deleteVersions deletes versions permanently.
func (l Lake) deleteVersions(ctx context.Context, all []version) error {
	for some := range slices.Chunk(all, deleteAtOnce) {
		ids := make([]types.ObjectIdentifier, len(some))
		for i, v := range some {
			ids[i] = types.ObjectIdentifier{Key: &v.key, VersionId: &v.id}
		}
		out, err := l.Client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &l.Name, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("deleting versions of objects of %s: %w", l.Name, err)
		}
		for _, e := range out.Errors {
			return fmt.Errorf("deleting the version %s of s3://%s/%s: %s: %s (%d of %d were not deleted)",
				aws.ToString(e.VersionId), l.Name, aws.ToString(e.Key), aws.ToString(e.Code), aws.ToString(e.Message), len(out.Errors), len(some))
		}
	}
	return nil
}

// survey collects what is found of the row below some prefixes.
type survey struct {
	of       *row
	prefixes []string
	// objects maps an object's key to all its versions. It includes an object only if some version has records of the
	// row.
	objects map[string]*stored
	// newest maps the id of each of the row's keys to its newest record in the present objects.
	newest map[string]newest
	moves  []move
	// unreadable describes, for people, the objects and records that could not be read.
	unreadable []string
	// seen holds the versions that were read, by key and id.
	seen map[string]bool

	mu sync.Mutex
}

// stored holds all versions of an object, latest first, and counts the row's records in each.
type stored struct {
	key      string
	versions []version
	counts   map[string]counted // by version id
}

// newest describes the newest record of a key: when DMS made it, its version, and whether it ends the row.
type newest struct {
	made    time.Time
	version int64
	ends    bool
}

// readers limits how many objects are read at the same time.
const readers = 8

// survey reads every version of every object below the prefixes. It leaves out objects of other sources.
func (l Lake) survey(ctx context.Context, of *row, prefixes ...string) (*survey, error) {
	return l.read(ctx, &survey{of: of, prefixes: prefixes, seen: map[string]bool{}})
}

// surveyNew reads only the versions that came after another survey.
func (l Lake) surveyNew(ctx context.Context, before *survey) (*survey, error) {
	return l.read(ctx, &survey{of: before.of, prefixes: before.prefixes, seen: maps.Clone(before.seen)})
}

func (l Lake) read(ctx context.Context, s *survey) (*survey, error) {
	s.objects, s.newest = map[string]*stored{}, map[string]newest{}
	for _, prefix := range s.prefixes {
		all, err := l.versions(ctx, prefix)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(v version) bool { return objects.OfAnother(prefix, v.key) })
		work, ctx := errgroup.WithContext(ctx)
		work.SetLimit(readers)
		for _, o := range byKey(all) {
			work.Go(func() error { return l.look(ctx, s, o) })
		}
		if err := work.Wait(); err != nil {
			return nil, err //nolint:wrapcheck // the error names the object
		}
	}
	slices.Sort(s.unreadable)
	return s, nil
}

// byKey groups versions by object and keeps their order.
func byKey(all []version) []*stored {
	var found []*stored
	for _, v := range all {
		if len(found) == 0 || found[len(found)-1].key != v.key {
			found = append(found, &stored{key: v.key, counts: map[string]counted{}})
		}
		last := found[len(found)-1]
		last.versions = append(last.versions, v)
	}
	return found
}

// look reads every version of an object that was not read before.
func (l Lake) look(ctx context.Context, s *survey, o *stored) error {
	for _, v := range o.versions {
		mark := v.key + "\x00" + v.id
		s.mu.Lock()
		seen := s.seen[mark]
		s.seen[mark] = true
		s.mu.Unlock()
		if v.mark || seen {
			continue
		}
		body, _, err := l.get(ctx, v)
		if gone := (*types.NoSuchKey)(nil); errors.As(err, &gone) || awsapi.Is(err, "NoSuchVersion") {
			continue // it has expired, or was replayed, since it was listed
		}
		if err != nil {
			return err
		}
		unreadable := 0
		_, n, err := l.form(v.key)(body, func(record []byte) bool {
			b, err := s.of.read(record)
			if err != nil {
				unreadable++
				return false
			}
			return b != nil && s.note(b, v.latest)
		})
		s.mu.Lock()
		switch {
		case err != nil:
			s.unreadable = append(s.unreadable, fmt.Sprintf("%s: %s", v.key, err))
		case unreadable > 0 && v.latest:
			s.unreadable = append(s.unreadable, fmt.Sprintf("%s: %d records", v.key, unreadable))
		}
		if n.dropped > 0 {
			o.counts[v.id] = n
			s.objects[o.key] = o
		}
		s.mu.Unlock()
	}
	return nil
}

// note adds a record of the table to the survey. It reports whether the record belongs to the row.
func (s *survey) note(b *belonging, latest bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.move != nil {
		s.moves = append(s.moves, *b.move)
	}
	if len(b.of) == 0 {
		return false
	}
	made, err := b.r.Made()
	if !latest || err != nil {
		return true
	}
	version, _ := b.r.Version() // a record without a version counts as older
	for _, id := range b.of {
		was, ok := s.newest[id]
		if !ok || was.made.Before(made) || was.made.Equal(made) && was.version < version {
			s.newest[id] = newest{made, version, b.now != id}
		}
	}
	return true
}

// form returns the form of an object.
func (l Lake) form(key string) form {
	if l.Invocations != "" && strings.HasPrefix(key, l.Invocations) {
		return invocation
	}
	return lines
}

func (l Lake) get(ctx context.Context, v version) ([]byte, *s3.GetObjectOutput, error) {
	out, err := l.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.Name, Key: &v.key, VersionId: &v.id})
	if err != nil {
		return nil, nil, fmt.Errorf("reading the version %s of s3://%s/%s: %w", v.id, l.Name, v.key, err)
	}
	defer func() { _ = out.Body.Close() }()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the version %s of s3://%s/%s: %w", v.id, l.Name, v.key, err)
	}
	return body, out, nil
}

// count returns the totals of the survey.
func (s *survey) count() Found {
	var f Found
	for _, o := range s.objects {
		for _, v := range o.versions {
			n, ok := o.counts[v.id]
			switch {
			case !ok:
			case v.latest:
				f.Objects++
				f.Records += n.dropped
			default:
				f.Versions++
			}
		}
	}
	return f
}
