package stages

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/stores"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// entriesPrefix is where the registry has an object for each table in the bucket.
const entriesPrefix = currentstate.RegistryPrefix + "current/"

// knownToTheBaseline waits until the baseline's function has entered every table in its registry, which is in the
// domain.
func knownToTheBaseline(ctx context.Context, r *Run, domain string) error {
	admin, err := r.admin(ctx, domain)
	if err != nil {
		return err
	}
	return waitUntil(ctx, "the baseline's registry has every table", func() (bool, error) {
		known, err := admin.Count(ctx, currentstate.FormerRegistry)
		return known >= len(tables), err
	})
}

// RegistryTakenOver compares the baseline's registry in the domain with the first version of each object that the
// function made from it. The former registry must accept no more writes.
func RegistryTakenOver(ctx context.Context, r *Run) error {
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return err
	}
	former := map[string]any{}
	err = admin.Each(ctx, currentstate.FormerRegistry, func(hit stores.Hit) error {
		var entry any
		if err := json.Unmarshal(hit.Source, &entry); err != nil {
			return fmt.Errorf("reading an entry: %w", err)
		}
		former[entriesPrefix+strings.TrimPrefix(hit.ID, "current-")+".json"] = entry
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the baseline's registry: %w", err)
	}
	copied, err := firstVersions(ctx, r)
	if err != nil {
		return err
	}
	if len(former) < len(tables) {
		return fmt.Errorf("the baseline's registry has %d tables, and not %d", len(former), len(tables))
	}
	for key, entry := range former {
		if !reflect.DeepEqual(entry, copied[key]) {
			return fmt.Errorf("%s was not copied as it was: the baseline had %v, the copy is %v", key, entry, copied[key])
		}
	}
	body, _, err := r.lake().Get(ctx, currentstate.RegistryPrefix+"current.json")
	if err != nil {
		return err //nolint:wrapcheck // the error names the object
	}
	var marker struct{ Copied int }
	if err := json.Unmarshal(body, &marker); err != nil || marker.Copied != len(former) {
		return errors.Join(fmt.Errorf("the marker says %s", body), err)
	}
	status, _, err := admin.Call(ctx, http.MethodPut, "/"+currentstate.FormerRegistry+"/_doc/late", map[string]any{})
	if err == nil && status != http.StatusForbidden {
		err = fmt.Errorf("the baseline's registry answers %d to a write", status)
	}
	return err
}

// firstVersions are the first versions of the registry's objects, by key.
func firstVersions(ctx context.Context, r *Run) (map[string]any, error) {
	first, name := map[string]any{}, r.output("lakeBucket")
	client := s3Client(r)
	in := &s3.ListObjectVersionsInput{Bucket: &name, Prefix: aws.String(entriesPrefix)}
	for pages := s3.NewListObjectVersionsPaginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the registry's versions: %w", err)
		}
		for _, version := range page.Versions { // the newest version of a key comes first
			out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &name, Key: version.Key, VersionId: version.VersionId})
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", aws.ToString(version.Key), err)
			}
			var entry any
			err = errors.Join(json.NewDecoder(out.Body).Decode(&entry), out.Body.Close())
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", aws.ToString(version.Key), err)
			}
			first[aws.ToString(version.Key)] = entry
		}
	}
	return first, nil
}

// registered are the epochs of each table in the registry.
func registered(ctx context.Context, r *Run) (map[string][]currentstate.Epoch, error) {
	keys, err := r.lake().Keys(ctx, entriesPrefix)
	if err != nil {
		return nil, err //nolint:wrapcheck // the error names the prefix
	}
	found := map[string][]currentstate.Epoch{}
	for _, key := range keys {
		body, _, err := r.lake().Get(ctx, key)
		if err != nil {
			return nil, err //nolint:wrapcheck // the error names the object
		}
		var entry struct {
			Schema, Table string
			Epochs        []currentstate.Epoch
		}
		if err := json.Unmarshal(body, &entry); err != nil {
			return nil, fmt.Errorf("reading %s: %w", key, err)
		}
		found[entry.Schema+"."+entry.Table] = entry.Epochs
	}
	return found, nil
}

// epochsOutlive checks that epochs survive a loss of indices. After some changes the index of each table's latest
// epoch exists again in the named domain, and the registry has the same epochs.
func epochsOutlive(ctx context.Context, r *Run, before map[string][]currentstate.Epoch, domain string) error {
	admin, err := r.admin(ctx, domain)
	if err != nil {
		return err
	}
	for _, table := range tables {
		epochs := before[table]
		if len(epochs) == 0 {
			return fmt.Errorf("the registry knows no epoch of %s", table)
		}
		index := fmt.Sprintf("%s-%d", r.aliasOf(table), epochs[len(epochs)-1].Number)
		err := waitUntil(ctx, "there is the index "+index, func() (bool, error) {
			status, _, err := admin.Call(ctx, http.MethodHead, "/"+index, nil)
			return status == http.StatusOK, err
		})
		if err != nil {
			return err
		}
	}
	after, err := registered(ctx, r)
	if err == nil && !reflect.DeepEqual(before, after) {
		err = fmt.Errorf("the registry had the epochs %v, and has %v", before, after)
	}
	return err
}

// loseIndex deletes the index of a table's only remaining epoch. Changes make it again in that epoch and behind the
// alias, and its rows come from the lake.
func loseIndex(ctx context.Context, r *Run) error {
	before, err := registered(ctx, r)
	if err != nil {
		return err
	}
	domain := r.output("searchDomainName")
	admin, err := r.admin(ctx, domain)
	if err != nil {
		return err
	}
	if err := admin.Do(ctx, http.MethodDelete, "/"+r.aliasOf(reloadedTable)+"-2", nil, nil); err != nil {
		return fmt.Errorf("deleting the index: %w", err)
	}
	if err := rowsReach(ctx, r, "lost-index", domain); err != nil {
		return err
	}
	if err := epochsOutlive(ctx, r, before, domain); err != nil {
		return err
	}
	if err := shows(ctx, r, "-2"); err != nil {
		return err
	}
	if err := r.World.Firehose.Drain(ctx); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	if _, err := r.Tool.Run(ctx, "replay-lost-index", 0, "replay", "--table", reloadedTable); err != nil {
		return err
	}
	_, _, err = compareCurrent(ctx, r)
	return err
}

// conflict matches moto's log of a 409 answer to a change of the registry.
var conflict = regexp.MustCompile(`PUT /[^ ]*/` + entriesPrefix + `[^ ]* HTTP/1\.1[^ ]* 409 `)

// conflictMet reports whether the function or the tool met a 409 of S3, which happens once per bucket.
func conflictMet(r *Run) error {
	met, err := r.World.Logged(conflict)
	if err == nil && !met {
		err = errors.New("no change of the registry was answered with 409")
	}
	return err
}

// lake is the stack's bucket.
func (r *Run) lake() bucket.Bucket {
	return bucket.Bucket{S3: s3Client(r), Name: r.output("lakeBucket")}
}

func s3Client(r *Run) *s3.Client {
	return s3.NewFromConfig(r.World.Account.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}
