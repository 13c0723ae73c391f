package bench

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/table"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/brianvoe/gofakeit/v7"
)

// orders is the table of all rows. Its index is removed between measurements, and each function has its own
// registry.
var orders = table.Name{Database: "bench", Table: "orders"}

const key = "id"

// kinds has the kinds of columns that fill a row, in turn. Half of them are text, as in most tables.
var kinds = []struct {
	name, mysql string
	value       func(*gofakeit.Faker) any
}{
	{"street", "varchar(200)", func(f *gofakeit.Faker) any { return f.Street() }},
	{"quantity", "int(11)", func(f *gofakeit.Faker) any { return f.IntRange(0, 10_000) }},
	{"remark", "varchar(200)", func(f *gofakeit.Faker) any { return f.LoremIpsumSentence(30) }},
	{"price", "decimal(10,2)", func(f *gofakeit.Faker) any { return json.Number(fmt.Sprintf("%.2f", f.Price(1, 1000))) }},
	{"customer", "varchar(200)", func(f *gofakeit.Faker) any { return f.Name() + " 고객" }},
	{"changed", "datetime", func(f *gofakeit.Faker) any { return f.Date().UTC().Format("2006-01-02T15:04:05Z") }},
}

// row generates the JSON of a row with about size bytes.
func row(f *gofakeit.Faker, id, size int) []byte {
	text := fmt.Appendf(nil, `{%q:%d`, key, id)
	for i := 0; len(text) < size; i++ {
		kind := kinds[i%len(kinds)]
		value, _ := json.Marshal(kind.value(f)) // strings and numbers always have a JSON form
		text = fmt.Appendf(text, `,"%s_%d":%s`, kind.name, i/len(kinds), value)
	}
	return append(text, '}')
}

// rows generates rows of about size bytes, the same ones every time.
func rows(count, size int) [][]byte {
	f := gofakeit.New(1)
	all := make([][]byte, count)
	for i := range all {
		all[i] = row(f, i+1, size)
	}
	return all
}

// described returns the table's description for the function. The rows have exactly these columns.
func described() currentstate.Table {
	columns := map[string]string{key: "bigint(20)"}
	for i := range 20 {
		for _, kind := range kinds {
			columns[kind.name+"_"+strconv.Itoa(i)] = kind.mysql
		}
	}
	return currentstate.Table{Database: orders.Database, Table: orders.Table, Key: []string{key}, Columns: columns}
}

// record returns the record of an update in DMS's form.
func record(id int, row []byte, committed time.Time) []byte {
	const binlog, begin = 157832, 1808
	transaction := binlog<<32 | begin
	at := committed.UTC().Format("2006-01-02T15:04:05.000000Z")
	return fmt.Appendf(nil, `{"data":%s,"before-image":{%q:%d},"metadata":{"timestamp":%q,"record-type":"data","operation":"update",`+
		`"partition-key-type":"primary-key","partition-key-value":"%s.%d","schema-name":%q,"table-name":%q,"commit-timestamp":%q,`+
		`"transaction-id":%d,"transaction-record-id":%d,"prev-transaction-id":%d,"prev-transaction-record-id":1,`+
		`"stream-position":"mysql-bin-changelog.%d:1975:0:2002:%d:mysql-bin-changelog.%d:1876"}}`,
		row, key, id, at, orders, id, orders.Database, orders.Table, at, transaction, id, transaction-1, binlog, transaction, binlog)
}

// batches splits records into batches like Lambda.
func batches(records [][]byte, size int) []events.KinesisEvent {
	var all []events.KinesisEvent
	for i, r := range records {
		if i%size == 0 {
			all = append(all, events.KinesisEvent{})
		}
		last := &all[len(all)-1]
		last.Records = append(last.Records, events.KinesisEventRecord{Kinesis: events.KinesisRecord{SequenceNumber: strconv.Itoa(i), Data: r}})
	}
	return all
}
