package stages

import (
	"bytes"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/rehearsal/stages/tool"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// change writes rows, and waits until they are in the lake.
func (k *keptTables) change(ctx context.Context, what string, count int) error {
	k.rounds++
	journal := "tables-" + what + "-" + k.format
	if err := k.Tool.Generate(ctx, tool.Load{Journal: journal, Count: count, Mix: "40/40/20", Seed: 400 + k.rounds, Tables: tables}); err != nil {
		return err
	}
	return arrive(ctx, k.Run, journal)
}

// mergeByAthena merges into an Iceberg table with Athena's engine, without the job's knowledge. The rows must stay
// the same.
func (k *keptTables) mergeByAthena(ctx context.Context) error {
	if k.format != "iceberg" {
		return nil
	}
	for _, name := range tables {
		physical := strings.Replace(name, ".", "_", 1) + "_table"
		answer, err := k.engine.Query(ctx, fmt.Sprintf(`MERGE INTO %[1]s t USING (SELECT cdc_key, cdc_version FROM %[1]s ORDER BY cdc_key LIMIT 100) s
			ON t.cdc_key = s.cdc_key WHEN MATCHED THEN UPDATE SET cdc_version = s.cdc_version`, physical))
		if err != nil {
			return fmt.Errorf("merging into %s: %w", physical, err)
		}
		if n := fmt.Sprint(answer.Rows); n != "[[100]]" {
			return fmt.Errorf("merging into %s has changed %s rows, not 100", physical, n)
		}
	}
	return nil
}

// loadedAnew loads an Iceberg table again and follows the advice: its rows are filled beside the shown ones,
// compared, and shown.
func (k *keptTables) loadedAnew(ctx context.Context) error {
	if k.format != "iceberg" {
		return nil
	}
	const session = "tables-reload"
	if _, err := k.Tool.Run(ctx, session, 0, "start", "--reload-table", tables[len(tables)-1], "--ca", k.World.Site.Authority.File()); err != nil {
		return err
	}
	text, err := os.ReadFile(k.Tool.Session(session))
	if err != nil {
		return fmt.Errorf("reading what the tool has said: %w", err)
	}
	setting := advised.FindSubmatch(text)
	if setting == nil || !bytes.Contains(text, []byte("then run `cdc tables run` and `cdc tables switch`")) {
		return fmt.Errorf("cdc start --reload-table did not say how the lake's tables follow: %s", text)
	}
	if err := k.Stack.SetConfig(ctx, string(setting[1]), string(setting[2])); err != nil {
		return err
	}
	if _, err := k.deploy(ctx); err != nil {
		return fmt.Errorf("saying since when records count: %w", err)
	}
	if err := k.change(ctx, "anew", 100); err != nil {
		return err
	}
	if err := k.run(ctx, "anew"); err != nil {
		return err
	}
	said, err := k.switched(ctx, "anew")
	if err == nil && !strings.Contains(said, "shown now: "+strings.Replace(tables[len(tables)-1], ".", "_", 1)) {
		err = fmt.Errorf("cdc tables switch has not shown the table that was loaded anew: %s", said)
	}
	if err == nil {
		_, err = k.compareTables(ctx)
	}
	return err
}

// switched compares the filled tables with the source and shows them, with the operator's tool.
func (k *keptTables) switched(ctx context.Context, session string) (string, error) {
	return k.Tool.Run(ctx, "tables-switch-"+session+"-"+k.format, 0, "tables", "switch", "--ca", k.World.Site.Authority.File())
}

// outOfOrder shuffles the records delivered since the last run.
func (k *keptTables) outOfOrder(ctx context.Context) error {
	before := map[string]bool{}
	for _, name := range tables {
		known, err := k.records(ctx, name)
		if err != nil {
			return err
		}
		for _, o := range known {
			before[o.Key] = true
		}
	}
	if err := k.change(ctx, "shuffled", 600); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, uint64(k.generation)))
	for _, name := range tables {
		delivered, err := k.records(ctx, name)
		if err != nil {
			return err
		}
		delivered = slices.DeleteFunc(delivered, func(o objects.Object) bool { return before[o.Key] })
		lines, err := k.lines(ctx, delivered...)
		if err != nil {
			return err
		}
		if len(lines) < 2 {
			return fmt.Errorf("%s: %d records were delivered", name, len(lines))
		}
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		for i, o := range delivered {
			from, to := i*len(lines)/len(delivered), (i+1)*len(lines)/len(delivered)
			if err := k.put(ctx, o.Key, lines[from:to]); err != nil {
				return err
			}
		}
	}
	return k.run(ctx, "shuffled")
}

// killedAndRerun kills the job once it has reported a commit. Glue retries.
func (k *keptTables) killedAndRerun(ctx context.Context) error {
	if err := k.change(ctx, "killed", 300); err != nil {
		return err
	}
	killed := k.World.Jobs.KillNext()
	if err := k.run(ctx, "killed"); err != nil {
		return err
	}
	select {
	case <-killed:
		return nil
	default:
		return errors.New("the run was over before it was killed")
	}
}

// lateAfterDelete delivers every record of the tables again, and removes these copies once the job has read them.
func (k *keptTables) lateAfterDelete(ctx context.Context) error {
	var again []string
	for _, name := range tables {
		known, err := k.records(ctx, name)
		if err != nil {
			return err
		}
		for i, o := range known {
			lines, err := k.lines(ctx, o)
			if err != nil {
				return err
			}
			newest := known[len(known)-1].Key
			key := newest[:strings.LastIndex(newest, "/")+1] + "late-" + k.format + "-" + strconv.Itoa(i) + ".gz"
			if err := k.put(ctx, key, lines); err != nil {
				return err
			}
			again = append(again, key)
		}
	}
	if err := k.run(ctx, "late"); err != nil {
		return err
	}
	client, name := k.s3(), k.output("lakeBucket")
	for _, key := range again {
		if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &name, Key: &key}); err != nil {
			return fmt.Errorf("deleting %s: %w", key, err)
		}
	}
	return nil
}

// columnAdded adds a column to a source table. The bootstrap reports it to the job.
func (k *keptTables) columnAdded(ctx context.Context) error {
	if err := execute(ctx, k.World.Database.Root(), "ALTER TABLE shop.ledger ADD COLUMN noted_by_"+k.format+" VARCHAR(40)"); err != nil {
		return err
	}
	if err := k.Stack.SetConfig(ctx, "cdc-pipeline:source.schemaRevision", strconv.Itoa(10+k.generation)); err != nil {
		return err
	}
	if _, err := k.deploy(ctx); err != nil {
		return fmt.Errorf("looking at the tables again: %w", err)
	}
	if err := k.change(ctx, "column", 300); err != nil {
		return err
	}
	return k.run(ctx, "column")
}

func (k *keptTables) s3() *s3.Client {
	return s3.NewFromConfig(k.World.Account.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// bucket is the lake's bucket.
func (k *keptTables) bucket() objects.Lake {
	return objects.Lake{Client: k.s3(), Bucket: k.output("lakeBucket"), Prefix: k.output("lakePrefix")}
}

// records are the objects of a table's records, the latest last.
func (k *keptTables) records(ctx context.Context, name string) ([]objects.Object, error) {
	database, table, _ := strings.Cut(name, ".")
	bucket := k.bucket()
	found, err := bucket.List(ctx, bucket.Folder(database, table))
	if err != nil {
		return nil, fmt.Errorf("looking for the records of %s: %w", name, err)
	}
	slices.SortFunc(found, func(a, b objects.Object) int { return a.Written.Compare(b.Written) })
	return found, nil
}

// lines are the records in objects.
func (k *keptTables) lines(ctx context.Context, of ...objects.Object) (lines [][]byte, err error) {
	for _, o := range of {
		err := k.bucket().Lines(ctx, o.Key, func(line []byte) error { lines = append(lines, bytes.Clone(line)); return nil })
		if err != nil {
			return nil, fmt.Errorf("reading the lake: %w", err)
		}
	}
	return lines, nil
}

// put writes a records object as the delivery does.
func (k *keptTables) put(ctx context.Context, key string, lines [][]byte) error {
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	for _, line := range lines {
		_, _ = w.Write(append(line, '\n')) // a buffer never fails
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compressing records: %w", err)
	}
	bucket := k.output("lakeBucket")
	if _, err := k.s3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body.Bytes())}); err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}
