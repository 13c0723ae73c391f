package pipeline

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/table"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// orders is the table of most rows. live has the rows that are searched for one by one. Rows of marks tell the
// peer that it follows the log.
var (
	orders = table.Name{Database: "bench", Table: "orders"}
	live   = table.Name{Database: "bench", Table: "live"}
	marks  = table.Name{Database: "bench", Table: "marks"}
)

const (
	key = "id"
	// repeats is how often each kind of column occurs. With it a row is about 1 KB of JSON.
	repeats = 3
	// variety is the number of different rows, apart from their keys.
	variety = 4000
)

// kinds has the kinds of columns. Half of them are text, as in most tables.
var kinds = []struct {
	name, mysql string
	value       func(*gofakeit.Faker) any
}{
	{"street", "varchar(200)", func(f *gofakeit.Faker) any { return f.Street() }},
	{"quantity", "int(11)", func(f *gofakeit.Faker) any { return f.IntRange(0, 10_000) }},
	{"remark", "varchar(200)", func(f *gofakeit.Faker) any { s := f.LoremIpsumSentence(30); return s[:min(len(s), 200)] }},
	{"price", "decimal(10,2)", func(f *gofakeit.Faker) any { return json.Number(fmt.Sprintf("%.2f", f.Price(1, 1000))) }},
	{"customer", "varchar(200)", func(f *gofakeit.Faker) any { return f.Name() + " 고객" }},
	{"changed", "datetime", func(f *gofakeit.Faker) any { return f.Date().UTC().Format("2006-01-02T15:04:05Z") }},
}

// content is a row without its key: as members of a JSON object, and as values of an INSERT.
type content struct{ json, sql string }

// contents generates the same rows every time.
func contents() []content {
	f := gofakeit.New(1)
	all := make([]content, variety)
	for i := range all {
		var members, values strings.Builder
		for n := range repeats {
			for _, kind := range kinds {
				value := kind.value(f)
				text, _ := json.Marshal(value) // strings and numbers always have a JSON form
				fmt.Fprintf(&members, ",%q:%s", column(kind.name, n), text)
				if s, ok := value.(string); ok {
					if kind.mysql == "datetime" {
						s = strings.NewReplacer("T", " ", "Z", "").Replace(s)
					}
					text = []byte("'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'")
				}
				fmt.Fprintf(&values, ",%s", text)
			}
		}
		all[i] = content{members.String(), values.String()}
	}
	return all
}

func column(kind string, n int) string { return fmt.Sprintf("%s_%d", kind, n) }

// definition returns a table's SQL definition.
func definition(n table.Name) string {
	var columns strings.Builder
	for i := range repeats {
		for _, kind := range kinds {
			fmt.Fprintf(&columns, ", %s %s", column(kind.name, i), kind.mysql)
		}
	}
	return fmt.Sprintf("CREATE TABLE %s (%s BIGINT PRIMARY KEY%s)", n, key, &columns)
}

// described returns a table's description for the function.
func described(n table.Name) currentstate.Table {
	columns := map[string]string{key: "bigint(20)"}
	for i := range repeats {
		for _, kind := range kinds {
			columns[column(kind.name, i)] = kind.mysql
		}
	}
	return currentstate.Table{Database: n.Database, Table: n.Table, Key: []string{key}, Columns: columns}
}

// insert returns a statement that inserts rows with the ids from first to end-1.
func (b *bench) insert(n table.Name, first, end int) string {
	var statement strings.Builder
	fmt.Fprintf(&statement, "INSERT INTO %s VALUES ", n)
	for id := first; id < end; id++ {
		if id > first {
			statement.WriteByte(',')
		}
		fmt.Fprintf(&statement, "(%d%s)", id, b.rows[id%variety].sql)
	}
	return statement.String()
}

// record returns the record of an insert into orders in DMS's form.
func (b *bench) record(id int, at time.Time) []byte {
	const binlog = 157832
	transaction := binlog<<32 | (id<<7)&(1<<32-1)
	stamp := at.UTC().Format("2006-01-02T15:04:05.000000Z")
	return fmt.Appendf(make([]byte, 0, 2048), `{"data":{%q:%d%s},"metadata":{"timestamp":%q,"record-type":"data","operation":"insert",`+
		`"partition-key-type":"primary-key","partition-key-value":"%s.%d","schema-name":%q,"table-name":%q,"commit-timestamp":%q,`+
		`"transaction-id":%d,"transaction-record-id":1,"prev-transaction-id":%d,"prev-transaction-record-id":1,`+
		`"stream-position":"mysql-bin-changelog.%d:1975:0:2002:%d:mysql-bin-changelog.%d:1876"}}`,
		key, id, b.rows[id%variety].json, stamp, orders, id, orders.Database, orders.Table, stamp, transaction, transaction-1, binlog, transaction, binlog)
}
