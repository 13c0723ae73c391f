package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/athena"
	"cdcpipeline/rehearsal/stores"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// compareCatalog runs the views and saved queries of the lake's catalog over the written objects, and compares each
// table's view with the table.
func compareCatalog(ctx context.Context, r *Run) (report.Catalog, error) {
	r.Log.Detail("the catalog's views and saved queries, over the lake's objects")
	return compareViews(ctx, r, nil)
}

// compareViews does so in an engine; nil is DuckDB.
func compareViews(ctx context.Context, r *Run, engine athena.Engine) (report.Catalog, error) {
	result, err := askCatalog(ctx, r, engine)
	if err != nil {
		return report.Catalog{}, err
	}
	return compareAnswers(ctx, r, result)
}

// askCatalog runs every view and every saved query.
func askCatalog(ctx context.Context, r *Run, engine athena.Engine) (athena.Result, error) {
	o, err := ofStack(ctx, r, engine)
	if err != nil {
		return athena.Result{}, err
	}
	result, err := athena.Check(ctx, o)
	if err != nil {
		return result, fmt.Errorf("querying the lake: %w", err)
	}
	return result, nil
}

// compareAnswers compares the views' results with the source's tables.
func compareAnswers(ctx context.Context, r *Run, result athena.Result) (report.Catalog, error) {
	found := report.Catalog{Engine: result.Engine, QueriesRun: len(result.Queries)}
	for _, name := range tables {
		database, table, _ := strings.Cut(name, ".")
		view := r.viewOf(name)
		differences, rows, err := athena.Compare(ctx, r.source.database.Root(), database, table, result.Views[view])
		if err != nil {
			return found, fmt.Errorf("comparing the view %s with its table: %w", view, err)
		}
		found.Rows += rows
		if len(differences) > 0 {
			return found, fmt.Errorf("the view %s differs from its table in %d rows, the first: %s", view, len(differences), differences[0])
		}
	}
	found.Equal = true
	return found, nil
}

// ofStack are the options for the stack's own catalog.
func ofStack(ctx context.Context, r *Run, engine athena.Engine) (athena.Options, error) {
	o, err := queried(ctx, r)
	o.Bucket, o.Prefix = r.output("lakeBucket"), r.output("lakePrefix")
	o.Database, o.Workgroup, o.Engine = r.output("catalogDatabase"), r.output("athenaWorkgroup"), engine
	return o, err
}

// queried are the options for any catalog.
func queried(ctx context.Context, r *Run) (athena.Options, error) {
	python, err := r.World.Site.Python(ctx)
	if err != nil {
		return athena.Options{}, fmt.Errorf("finding Python: %w", err)
	}
	dir := filepath.Join(r.World.Site.Dir, "catalog")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return athena.Options{}, fmt.Errorf("making a directory for the lake's objects: %w", err)
	}
	return athena.Options{Account: r.World.Account, Python: python, Dir: dir}, nil
}

// LakeInTrino queries the lake with Trino, on which Athena is based: the stack's views and saved queries, tables
// whose records contain values that their columns do not allow, and tables whose names are escaped in the lake.
func LakeInTrino(ctx context.Context, r *Run) error {
	r.Report.Catalog = report.Catalog{}
	r.Log.Detail("Trino %s", stores.TrinoVersion)
	server, err := r.World.Site.StartTrino(ctx, stores.TrinoOptions{Endpoint: r.World.Account.Endpoint(), Region: account.Region, Key: account.Key})
	if err != nil {
		return fmt.Errorf("starting Athena's engine: %w", err)
	}
	defer server.Stop()
	engine := func(database string) athena.Engine { return athena.Trino(server.URL, stores.TrinoVersion, database) }
	for _, step := range []struct {
		what string
		run  func(context.Context, *Run, func(database string) athena.Engine) error
	}{
		{"the stack's views and saved queries", stackInTrino},
		{"values that are not their columns'", valuesInTrino},
		{"names that are escaped in the lake", namesInTrino},
	} {
		r.Log.Detail("in Trino: %s", step.what)
		if err := step.run(ctx, r, engine); err != nil {
			r.Report.Catalog.Equal = false
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// stackInTrino compares the stack's views.
func stackInTrino(ctx context.Context, r *Run, engine func(string) athena.Engine) (err error) {
	if err := r.catalogSinceToday(ctx); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("changing where the catalog begins: %w", err)
	}
	r.Report.Catalog, err = compareViews(ctx, r, engine(r.output("catalogDatabase")))
	return err
}

// valuesInTrino checks that Trino and DuckDB return the same, expected results.
func valuesInTrino(ctx context.Context, r *Run, engine func(string) athena.Engine) error {
	const name, prefix = "trials", "raw"
	trials, day := athena.Trials(), time.Now().UTC().Format(time.DateOnly)
	client := s3.NewFromConfig(r.World.Account.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		return fmt.Errorf("making a bucket: %w", err)
	}
	if err := athena.Register(ctx, r.World.Account, name, name, prefix, day, athena.Tables(trials)); err != nil {
		return err //nolint:wrapcheck // the error names what was being made
	}
	for _, t := range trials {
		if err := athena.Put(ctx, r.World.Account, name, prefix, day, t); err != nil {
			return err //nolint:wrapcheck // the error names the object
		}
	}
	o, err := queried(ctx, r)
	if err != nil {
		return err
	}
	o.Bucket, o.Prefix, o.Database, o.Workgroup = name, prefix, name, name
	for _, e := range []athena.Engine{engine(name), nil} {
		o.Engine = e
		result, err := athena.Check(ctx, o)
		if err != nil {
			return fmt.Errorf("querying the trials: %w", err)
		}
		if differences := athena.Differences(trials, result); len(differences) > 0 {
			return fmt.Errorf("%s answers otherwise: %s", result.Engine, strings.Join(differences, "; "))
		}
	}
	if err := athena.Forget(ctx, r.World.Account, name); err != nil {
		return err //nolint:wrapcheck // the error names what was being deleted
	}
	return emptied(ctx, client, name)
}

// emptied deletes a bucket with all its objects.
func emptied(ctx context.Context, client *s3.Client, bucket string) error {
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the objects of %s: %w", bucket, err)
		}
		for _, o := range page.Contents {
			if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: o.Key}); err != nil {
				return fmt.Errorf("deleting %s: %w", *o.Key, err)
			}
		}
	}
	if _, err := client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		return fmt.Errorf("deleting the bucket %s: %w", bucket, err)
	}
	return nil
}
