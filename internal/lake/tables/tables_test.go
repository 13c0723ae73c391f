package tables_test

import (
	"archive/zip"
	"bytes"
	"cdcpipeline/config"
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/lake/views"
	"encoding/json"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// job is the folder of the job's code.
const job = "../../../functions/tables"

var orders = views.Table{
	Database: "shop", Name: "Order-Lines",
	Columns: []views.Column{
		{Name: "tenant", Type: "int(10) unsigned"},
		{Name: "id", Type: "bigint(20) unsigned"},
		{Name: "Total", Type: "decimal(12,2)"},
		{Name: "placed-at", Type: "datetime(6)"},
		{Name: "seen", Type: "timestamp"},
		{Name: "due", Type: "date"},
		{Name: "paid", Type: "bit(1)"},
		{Name: "rate", Type: "float"},
		{Name: "weight", Type: "double"},
		{Name: "year", Type: "year(4)"},
		{Name: "digits", Type: "decimal(65,30)"},
		{Name: "cdc_key", Type: "varchar(20)"},
	},
	PrimaryKey: []string{"TENANT", "id"},
	Since:      time.Date(2026, 11, 23, 21, 38, 10, 0, time.UTC),
}

func lakeOf(format config.TableFormat) config.Lake {
	return config.Lake{Tables: config.LakeTables{Format: format}}.WithDefaults(config.Dev)
}

func described(t *testing.T, format config.TableFormat) tables.Table {
	t.Helper()
	table, err := tables.Describe(lakeOf(format), "shop_order_lines", orders, []string{"Secret"})
	require.NoError(t, err)
	return table
}

func written(t *testing.T) string {
	t.Helper()
	lake := lakeOf(config.FormatIceberg)
	text, err := tables.NewSpec("", lake, "lake", "shop_dev", 169, described(t, config.FormatIceberg)).Text()
	require.NoError(t, err)
	return text
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run go test ./internal/lake/tables -update after looking at the difference")
}

func TestSpecification(t *testing.T) { golden(t, "spec.json", written(t)) }

// python runs a program that can import the job's code, and returns its output.
func python(t *testing.T, program, input string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "python3", "-c", program)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+job, "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdin = strings.NewReader(input)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	return string(out)
}

// The job refuses unknown and missing members.
func TestTheJobReadsWhatIsWritten(t *testing.T) {
	ofOrders := strings.Replace(written(t), `"database"`, `"source": "orders", "database"`, 1)
	printed := python(t, `
import dataclasses, json, sys
from cdctables.columns import converter
from cdctables.record import Key
from cdctables.spec import Spec
spec = Spec.parse(sys.stdin.read())
for table in spec.tables:
    types = {c.member: c.declared for c in table.columns}
    Key(table.key, [types[name] for name in table.key])
    for c in table.columns:
        converter(c.type, c.declared)
print(json.dumps(dataclasses.asdict(spec)))
`, ofOrders)
	var read, wrote map[string]any
	require.NoError(t, json.Unmarshal([]byte(printed), &read))
	require.NoError(t, json.Unmarshal([]byte(ofOrders), &wrote))
	require.NotZero(t, read["batch_mb"], "the job's own")
	delete(read, "batch_mb")
	for _, table := range read["tables"].([]any) {
		table := table.(map[string]any)
		require.Equal(t, "mysql", table["kind"], "the job's own")
		delete(table, "kind")
		for _, column := range table["columns"].([]any) {
			require.Equal(t, false, column.(map[string]any)["outside"])
			delete(column.(map[string]any), "outside")
		}
	}
	require.Equal(t, wrote, read)
}

func TestMembersAreThoseOfTheJob(t *testing.T) {
	printed := python(t, `
import dataclasses, json
from cdctables.spec import Column, Spec, Table
print(json.dumps([[f.name for f in dataclasses.fields(c)] for c in (Spec, Table, Column)]))
`, "")
	var want [][]string
	require.NoError(t, json.Unmarshal([]byte(printed), &want))
	for i, typ := range []reflect.Type{reflect.TypeFor[tables.Spec](), reflect.TypeFor[tables.Table](), reflect.TypeFor[tables.Column]()} {
		var members []string
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			members = append(members, name)
		}
		require.ElementsMatch(t, want[i], members, typ)
	}
}

func TestSpecificationSaysForHowLong(t *testing.T) {
	for hours, days := range map[int]int{168: 7 + 2, 169: 8 + 2, 8760: 365 + 2} {
		require.Equal(t, days, tables.NewSpec("", lakeOf(config.FormatDelta), "b", "d", hours).LookbackDays)
	}
	lake := lakeOf(config.FormatDelta)
	lake.Tables.TombstoneDays = 3
	require.Equal(t, 3, tables.NewSpec("", lake, "b", "d", 168).TombstoneDays)
}

func TestTypesAreThoseOfTheViews(t *testing.T) {
	fields, _, err := views.Fields(orders)
	require.NoError(t, err)
	for i, c := range described(t, config.FormatIceberg).Columns {
		require.Equal(t, fields[i].Hive, c.Type, c.Name)
		require.Equal(t, orders.Columns[i], views.Column{Name: c.Member, Type: c.Declared})
	}
}

func TestATableWithoutAKeyIsRefused(t *testing.T) {
	bad := views.Table{Database: "d", Name: "t", Columns: []views.Column{{Name: "id", Type: "int"}}}
	_, err := tables.Describe(lakeOf(config.FormatIceberg), "d_t", bad, nil)
	require.EqualError(t, err, "the lake's tables: describing d.t: it has no primary key")
	_, err = tables.Rows("d_t", bad)
	require.EqualError(t, err, "the lake's tables: describing d.t: it has no primary key")
}

// No source column may use such a name from the job's code.
func TestColumnsOfTheSourceKeepApartFromTheJobs(t *testing.T) {
	own := map[string]bool{}
	files, err := filepath.Glob(job + "/cdctables/*.py")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`\bcdc_[a-z]+\b`).FindAllString(string(text), -1) {
			own[name] = true
		}
	}
	require.Contains(t, own, "cdc_version")
	odd := views.Table{Database: "d", Name: "t", PrimaryKey: []string{"cdc_key"}, Columns: []views.Column{
		{Name: "source_cdc_key", Type: "int"}, {Name: "source-cdc-key", Type: "int"}, {Name: "_hoodie_file_name", Type: "text"}, {Name: "cdc_other", Type: "text"},
	}}
	for name := range own {
		odd.Columns = append(odd.Columns, views.Column{Name: name, Type: "int"})
	}
	table, err := tables.Describe(lakeOf(config.FormatHudi), "d_t", odd, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"cdc_key"}, table.Key, "as the records call it")
	seen := map[string]bool{}
	for i, c := range table.Columns {
		require.False(t, own[c.Name] || seen[c.Name] || strings.HasPrefix(c.Name, "_hoodie_"), c.Name)
		require.Equal(t, odd.Columns[i].Name, c.Member)
		seen[c.Name] = true
	}
	require.True(t, seen["cdc_other"], "what the job does not use keeps its name")

	v, err := tables.Rows("d_t", odd)
	require.NoError(t, err)
	require.Contains(t, v.SQL, `"source_source_cdc_key" AS "cdc_key"`)
	require.Contains(t, v.SQL, `"source__hoodie_file_name" AS "_hoodie_file_name"`)
	fields, _, err := views.Fields(odd)
	require.NoError(t, err)
	for i, f := range fields {
		require.Equal(t, f.Field, v.Fields[i])
	}
}

func TestViewOfATable(t *testing.T) {
	v, err := tables.Rows("shop_order_lines", orders)
	require.NoError(t, err)
	golden(t, "rows.sql", v.SQL)
	fields, _, err := views.Fields(orders)
	require.NoError(t, err)
	require.Equal(t, "shop_order_lines", v.Name)
	require.Len(t, v.Fields, len(fields), "and no cdc_unreadable")
}

func TestEveryEpochHasAFolder(t *testing.T) {
	cfg := lakeOf(config.FormatIceberg).Tables
	require.Equal(t, "tables/1/iceberg/shop_orders/all", tables.Location(cfg, "shop_orders", time.Time{}))
	require.Equal(t, "tables/1/iceberg/shop_orders/20261123T213810.000000Z", tables.Location(cfg, "shop_orders", orders.Since.In(time.FixedZone("", 3600))))
	cfg.Generation, cfg.Format = 2, config.FormatHudi
	require.Equal(t, "tables/2/hudi/shop_orders/all", tables.Location(cfg, "shop_orders", time.Time{}))
}

func TestTheZipIsTheCode(t *testing.T) {
	first, err := tables.Zip()
	require.NoError(t, err)
	again, err := tables.Zip()
	require.NoError(t, err)
	require.Equal(t, first, again)
	archive, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	require.NoError(t, err)
	var names []string
	for _, f := range archive.File {
		names = append(names, f.Name)
		require.Equal(t, 1980, f.Modified.UTC().Year(), f.Name)
		r, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		want, err := os.ReadFile(filepath.Join(job, f.Name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(content), f.Name)
	}
	files, err := filepath.Glob(job + "/cdctables/*.py")
	require.NoError(t, err)
	require.Len(t, names, len(files))
	require.True(t, slices.IsSorted(names))
}

// The script needs only the zip, from which Python imports. The job itself needs Glue's Spark.
func TestTheScriptStartsTheJobAndExitsWhenItFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "code.zip")
	content, err := tables.Zip()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	for _, code := range []string{"0", "3"} {
		cmd := exec.CommandContext(t.Context(), "python3", "-c", `
import sys, types
job = types.ModuleType("cdctables.job")
job.main = lambda arguments: print("asked for", *arguments) or int(arguments[-1])
sys.modules["cdctables.job"] = job
import cdctables.spec
assert "code.zip" in cdctables.spec.__file__
sys.argv = ["main.py", "--spec", "s3://b/k", sys.argv[1]]
try:
    exec(sys.stdin.read())
except SystemExit as e:
    print("exits with", e.code)
`, code)
		cmd.Env = append(os.Environ(), "PYTHONPATH="+file)
		cmd.Stdin = strings.NewReader(tables.Script())
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		want := "asked for --spec s3://b/k " + code + "\n"
		if code != "0" {
			want += "exits with " + code + "\n"
		}
		require.Equal(t, want, string(out))
	}
}
