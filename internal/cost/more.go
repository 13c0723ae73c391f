package cost

import (
	"cdcpipeline/config"
	"fmt"
	"strings"
)

// Further is an additional source of some kind.
type Further struct {
	// What describes it. Keys configure it.
	What, Keys string
	Source     config.NamedSource
}

// existing is an adopted database with its own bill.
var existing = &config.ExistingDatabase{Host: "db.example.com", SecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf", SecurityGroupID: "sg-0123456789abcdef0"}

// Furthers are the kinds of sources that differ in price.
var Furthers = []Further{
	{"a cluster, a task on an instance", "", config.NamedSource{}},
	{"a cluster, a serverless task", "`replication.kind: serverless`", config.NamedSource{Replication: config.Replication{Kind: config.Serverless}}},
	{"a database that exists, a task on an instance", "`existing`", config.NamedSource{Source: config.Source{Existing: existing}}},
	{"a database that exists, a serverless task", "`existing`, `replication.kind: serverless`", config.NamedSource{Source: config.Source{Existing: existing}, Replication: config.Replication{Kind: config.Serverless}}},
}

// furtherName is the source's name.
const furtherName = "orders"

// Config is a complete stack of the environment with this source beside the unnamed one.
func (f Further) Config(environment config.Environment) config.Config {
	c := config.Config{Environment: environment, Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{furtherName: f.Source}}
	if f.Source.Existing != nil {
		adoptVPC(&c)
	}
	return c.WithDefaults()
}

// Bill is the additional cost of a month without rows.
func (f Further) Bill(environment config.Environment) Bill {
	c := f.Config(environment)
	return OfSource(c, c.Feeds()[1])
}

// Rows is the additional cost of the example's rows.
func (f Further) Rows(environment config.Environment) Bill {
	c := f.Config(environment)
	return rows(c, c.Feeds()[1], Example)
}

func furtherTable() string {
	var out strings.Builder
	out.WriteString("| one more source | below its name | dev | prod |\n|---|---|---:|---:|\n")
	cell := func(b Bill) string { return strings.Join(append([]string{usd(b.USD())}, b.leftOut()...), ", and ") }
	for _, f := range Furthers {
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", f.What, f.Keys, cell(f.Bill(config.Dev)), cell(f.Bill(config.Prod)))
	}
	first := Furthers[0]
	fmt.Fprintf(&out, "| any of them: %s row changes of 1 KB a day | | %s | %s |\n", number(Example.RowsADay), cell(first.Rows(config.Dev)), cell(first.Rows(config.Prod)))
	return out.String()
}

// leftOut lists the items without a price, with their quantities per month.
func (b Bill) leftOut() (all []string) {
	for _, l := range b {
		if !l.Price.Found() {
			l.Price.USD = 1
			all = append(all, fmt.Sprintf("%s × %s", number(l.USD()/HoursAMonth), l.Price.Name))
		}
	}
	return all
}
