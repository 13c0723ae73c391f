package stages

import (
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/operator/replay"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/athena"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// escapedNames are tables whose names some versions of jq escape differently, or that all versions escape.
var escapedNames = []string{"odd!(name)*", "it's", "a%21b", "sl/ash $ 상점"}

// namesInTrino puts rows of such tables into the stream, and finds them through their views and a replay. Both must
// look where the delivery put them.
func namesInTrino(ctx context.Context, r *Run, engine func(string) athena.Engine) error {
	r.Report.PartitionText = &report.PartitionText{Tables: len(escapedNames)}
	const database = "escaped_names"
	var of []views.Table
	for _, name := range escapedNames {
		of = append(of, views.Table{Database: "shop", Name: name, Columns: []views.Column{{Name: "id", Type: "bigint"}}, PrimaryKey: []string{"id"}})
		for _, record := range athena.Arriving("shop", name) {
			if err := put(ctx, r, record); err != nil {
				return err
			}
		}
	}
	if err := athena.Register(ctx, r.World.Account, database, r.output("lakeBucket"), r.output("lakePrefix"), time.Now().UTC().Format(time.DateOnly), of); err != nil {
		return err //nolint:wrapcheck // the error names what was being made
	}
	for _, name := range escapedNames {
		if err := replayed(ctx, r, name); err != nil {
			return err
		}
	}
	o, err := ofStack(ctx, r, engine(database))
	if err != nil {
		return err
	}
	o.Database, o.Workgroup = database, database
	for _, e := range []athena.Engine{o.Engine, nil} {
		o.Engine = e
		result, err := athena.Check(ctx, o)
		if err != nil {
			return fmt.Errorf("querying the tables: %w", err)
		}
		for i, name := range athena.NamesOf(of) {
			if got := result.Views[name.Rows()]; len(got) != 1 {
				return fmt.Errorf("%s: the view of shop.%s has %d rows, not 1", result.Engine, escapedNames[i], len(got))
			}
		}
	}
	r.Report.PartitionText.Equal = true
	return athena.Forget(ctx, r.World.Account, database) //nolint:wrapcheck // the error names what was being deleted
}

// replayed waits until a replay of the table would read its record.
func replayed(ctx context.Context, r *Run, name string) error {
	client := s3.NewFromConfig(r.World.Account.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	lake := replay.Lake{
		Lake:  objects.Lake{Client: client, Bucket: r.output("lakeBucket"), Prefix: r.output("lakePrefix")},
		Table: table.Name{Database: "shop", Table: name},
	}
	for began := time.Now(); ; {
		found, err := lake.Objects(ctx)
		if err != nil {
			return err //nolint:wrapcheck // the error names the folder
		}
		records := 0
		for _, o := range found {
			if err := lake.Records(ctx, o.Key, func(int) {}, func([]byte) error { records++; return nil }); err != nil {
				return err //nolint:wrapcheck // the error names the object
			}
		}
		if records == 1 {
			return nil
		}
		if records > 1 || time.Since(began) > patience {
			return fmt.Errorf("a replay of shop.%s finds %d records, not 1, in %s", name, records, lake.Folder("shop", name))
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}
