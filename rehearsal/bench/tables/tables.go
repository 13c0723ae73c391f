// Package tables measures the job that maintains the lake's tables. It measures the cost of merging changes into a
// table of each format, compared with Hudi's own writer. It also measures how that cost grows with the table. And
// it compares reading a table with computing its rows from the records.
//
// It runs the project's own job on Spark as the rehearsal does, with the stand-in of S3 and Glue. It compares the
// processor time of Spark and its workers, without the stand-in's. The run fails if a table has another number of
// rows, or another sum of totals, than the records.
package tables

import (
	"bytes"
	"cdcpipeline/config"
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/rehearsal/report/progress"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Scale is the size of a run.
type Scale struct {
	// Rows is the number of rows in a table. Changes is the number of changes in one merge.
	Rows, Changes int
	// Times is the number of merges in a session of Spark after the first. The report has their medians.
	Times int
}

// Full is the scale of docs/performance.md.
var Full = Scale{Rows: 1_000_000, Changes: 100_000, Times: 3}

// These factors give a small batch and a large table.
const (
	few  = 10 // divides the number of changes
	many = 4  // multiplies the number of rows
)

var formats = []config.TableFormat{config.FormatIceberg, config.FormatDelta, config.FormatHudi}

//go:embed measure.py
var measureProgram []byte

const (
	bucket   = "bench"
	database = "bench"
)

// bench is the state of one run.
type bench struct {
	scale   Scale
	log     *progress.Log
	site    *stores.Site
	account account.Account
	s3      *s3.Client
	job     string // folder with the job's code
	program string // path of measure.py
	spark   map[config.TableFormat]*stores.Spark
	report  *Report
}

// parts has the parts of a run. Each has its own tables.
var parts = []struct {
	name    string
	measure func(*bench, context.Context) error
}{{merging, (*bench).merge}, {growing, (*bench).grow}, {reading, (*bench).read}}

const (
	merging = "merge"
	growing = "grow"
	reading = "read"
)

// Parts returns the names of the parts of a run.
func Parts() []string {
	names := make([]string, len(parts))
	for i, part := range parts {
		names[i] = part.name
	}
	return names
}

// Run measures the named parts, or all parts if none is named. Servers come from the cache folder, and Run removes
// them at the end.
func Run(ctx context.Context, project, machine string, scale Scale, only []string, log *progress.Log) (r *Report, err error) {
	site, err := stores.NewSite(filepath.Join(project, ".cache"))
	if err != nil {
		return nil, fmt.Errorf("making a place for the servers: %w", err)
	}
	defer func() { err = errors.Join(err, site.Remove()) }()
	b := &bench{
		scale: scale, log: log, site: site, job: filepath.Join(project, "functions", "tables"), program: filepath.Join(site.Dir, "measure.py"),
		report: &Report{Scale: scale, Taken: map[string]Taken{}, Startup: map[string]Cost{}},
	}
	if err := os.WriteFile(b.program, measureProgram, 0o600); err != nil {
		return nil, fmt.Errorf("writing the program that measures: %w", err)
	}
	var moto *stores.Moto
	err = log.Run("start the stand-in of AWS", func() error {
		moto, err = site.StartMoto(ctx, stores.MotoOptions{Program: filepath.Join(project, "rehearsal", "standins", "controlplane", "moto")})
		return err //nolint:wrapcheck // it says what was started
	})
	if err != nil {
		return nil, err
	}
	defer moto.Stop()
	if err := b.prepare(ctx, account.New(moto.URL)); err != nil {
		return nil, err
	}
	for _, part := range parts {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		before := log.Elapsed()
		if err := part.measure(b, ctx); err != nil {
			return nil, err
		}
		b.report.Taken[part.name] = Taken{Machine: machine, Date: time.Now().UTC().Format(time.DateOnly), Seconds: (log.Elapsed() - before).Round(time.Second).Seconds()}
	}
	return b.report, nil
}

// prepare installs Spark, and makes the bucket and the database.
func (b *bench) prepare(ctx context.Context, acc account.Account) error {
	b.account, b.s3, b.spark = acc, s3.NewFromConfig(acc.Config(), func(o *s3.Options) { o.UsePathStyle = true }), map[config.TableFormat]*stores.Spark{}
	for _, format := range formats {
		spark, err := b.site.Spark(ctx, b.options(format))
		if err != nil {
			return err //nolint:wrapcheck // it says what it is
		}
		b.spark[format] = spark
	}
	if _, err := b.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		return fmt.Errorf("making the bucket: %w", err)
	}
	if _, err := glue.NewFromConfig(acc.Config()).CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String(database)}}); err != nil {
		return fmt.Errorf("making the database: %w", err)
	}
	return nil
}

func (b *bench) options(format config.TableFormat) stores.SparkOptions {
	return stores.SparkOptions{Format: string(format), Endpoint: b.account.Endpoint(), Region: account.Region, Key: account.Key}
}

// kept is a table that the job maintains, with its own records.
type kept struct {
	bench  *bench
	format config.TableFormat
	name   string
}

// keep writes the job's specification for a table.
func (b *bench) keep(ctx context.Context, format config.TableFormat, name string) (kept, error) {
	k := kept{b, format, fmt.Sprintf("%s_%s", name, format)}
	spec := tables.Spec{
		Format: format, Bucket: bucket, Database: database, Errors: "errors/tables", State: tables.State, TombstoneDays: 14, LookbackDays: 9, VersionDays: 5, UpkeepHours: 24,
		Tables: []tables.Table{{
			Name: k.name, Next: k.name + "_next", Schema: "shop", Table: "orders", Raw: k.raw(), Location: k.location(), Key: []string{"id"}, Omitted: []string{},
			Columns: []tables.Column{
				{Name: "id", Member: "id", Declared: "bigint(20)", Type: "bigint"},
				{Name: "customer", Member: "customer", Declared: "bigint(20)", Type: "bigint"},
				{Name: "status", Member: "status", Declared: "varchar(20)", Type: "string"},
				{Name: "total", Member: "total", Declared: "decimal(12,2)", Type: "decimal(12,2)"},
				{Name: "note", Member: "note", Declared: "varchar(200)", Type: "string"},
				{Name: "placed_at", Member: "placed_at", Declared: "datetime(6)", Type: "timestamp"},
				{Name: "updated_at", Member: "updated_at", Declared: "datetime(6)", Type: "timestamp"},
			},
		}},
	}
	text, err := spec.Text()
	if err != nil {
		return kept{}, err //nolint:wrapcheck // it says what it is
	}
	return k, b.put(ctx, k.spec(), []byte(text))
}

func (k kept) raw() string      { return "raw/schema=shop/table=" + k.name + "/" }
func (k kept) location() string { return "tables/1/" + string(k.format) + "/" + k.name + "/all" }
func (k kept) spec() string     { return "jobs/tables/" + k.name + ".json" }

func (b *bench) put(ctx context.Context, key string, body []byte) error {
	if _, err := b.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(body)}); err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}

// stage writes a batch's objects to a place from which a run can move them into the lake.
func (b *bench) stage(ctx context.Context, table string, batch batch) (folder string, err error) {
	folder = "staged/" + table + "/" + batch.name + "/"
	for i, object := range batch.objects {
		if err := b.put(ctx, fmt.Sprintf("%sdt=2026-11-28/hour=10/cdc-lake-1-2026-11-28-10-%02d-00-%s-%04d.gz", folder, i%60, batch.name, i), object); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// merge lets the job merge batches, one after another in one session of Spark.
func (k kept) merge(ctx context.Context, batches ...batch) (Merges, error) {
	folders := make([]string, len(batches))
	for i, batch := range batches {
		var err error
		if folders[i], err = k.bench.stage(ctx, k.name, batch); err != nil {
			return Merges{}, err
		}
	}
	return k.bench.measure(ctx, k.name, k.format, batches, "job", strings.Join(folders, ","), "--spec", "s3://"+bucket+"/"+k.spec())
}

// upkeep lets the job do its daily upkeep.
func (k kept) upkeep(ctx context.Context, after batch) (Cost, error) {
	after.name = "upkeep after " + after.name
	m, err := k.bench.measure(ctx, k.name, k.format, []batch{after}, "job", "", "--spec", "s3://"+bucket+"/"+k.spec(), "--action", "upkeep")
	return m.First, err
}

// measure runs measure.py. After each batch it compares the table's rows with the expected ones.
func (b *bench) measure(ctx context.Context, table string, format config.TableFormat, batches []batch, arguments ...string) (Merges, error) {
	var costs []Cost
	names := make([]string, len(batches))
	for i, batch := range batches {
		names[i] = batch.name
	}
	err := b.log.Run(table+": "+strings.Join(names, ", "), func() error {
		lines, err := b.run(ctx, format, arguments...)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if !strings.HasPrefix(line, `{"startup"`) {
				continue
			}
			var found struct {
				Startup, Work Cost
				Rows          int
				Total         string
			}
			if err := json.Unmarshal([]byte(line), &found); err != nil {
				return fmt.Errorf("reading what was measured: %w", err)
			}
			if expect := batches[len(costs)].expect; found.Rows != expect.Rows || found.Total != expect.total() {
				return fmt.Errorf("the table has %d rows with a total of %s, and the records say %d rows with %s", found.Rows, found.Total, expect.Rows, expect.total())
			}
			if len(costs) == 0 {
				b.log.Detail("Spark was there after %.1f s of processors and %.1f s", found.Startup.CPU, found.Startup.Wall)
				if _, known := b.report.Startup[string(format)]; !known {
					b.report.Startup[string(format)] = found.Startup
				}
			}
			costs = append(costs, found.Work)
			b.log.Detail("%.1f s of processors in %.1f s", found.Work.CPU, found.Work.Wall)
		}
		if len(costs) < len(batches) {
			return fmt.Errorf("%d of %d merges were measured", len(costs), len(batches))
		}
		return nil
	})
	if err != nil {
		return Merges{}, err //nolint:wrapcheck // the log names the stage
	}
	m := Merges{First: costs[0]}
	if len(costs) > 1 {
		m.Later = spread(costs[1:])
	}
	return m, nil
}

// run runs measure.py with Spark for a format.
func (b *bench) run(ctx context.Context, format config.TableFormat, arguments ...string) ([]string, error) {
	program, err := b.spark[format].Start(ctx, b.program, []string{b.job}, arguments)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was started
	}
	return program.Wait() //nolint:wrapcheck // it says what has ended
}
