package storestest_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/source/mysql"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
)

// way says how to follow an advice with a matching text.
type way struct {
	text   *regexp.Regexp
	follow func(*realServer, *config.Config, mysql.Finding)
}

func said(f mysql.Finding) []string {
	var names []string
	for name, w := range ways {
		if name == "sql" && len(f.SQL) > 0 || name != "sql" && w.text.MatchString(f.Advice) {
			names = append(names, name)
		}
	}
	return names
}

// table parses the table that an advice names as a list entry.
func (w way) table(r *realServer, f mysql.Finding) (database, table string) {
	m := w.text.FindStringSubmatch(f.Advice)
	database, err := strconv.Unquote(m[1])
	require.NoError(r.t, err)
	table, err = strconv.Unquote(m[2])
	require.NoError(r.t, err)
	return database, table
}

// tableIndex is the entry in source.tables with which a finding's check or an advice ends.
func tableIndex(r *realServer, c *config.Config, text string) int {
	i := slices.IndexFunc(c.Source.Tables, func(t config.Table) bool { return t.String() == text })
	if i < 0 {
		i = 0
	}
	require.Less(r.t, i, len(c.Source.Tables))
	return i
}

const entryText = `\{database: ("[^"]*"), table: ("[^"]*")\}`

var ways = everyWay()

func everyWay() map[string]way {
	ways := map[string]way{}
	add := func(name, text string, follow func(way, *realServer, *config.Config, mysql.Finding, []string)) {
		w := way{text: regexp.MustCompile(text)}
		w.follow = func(r *realServer, c *config.Config, f mysql.Finding) {
			follow(w, r, c, f, w.text.FindStringSubmatch(f.Advice))
		}
		ways[name] = w
	}
	add("sql", `^run `, func(_ way, r *realServer, _ *config.Config, f mysql.Finding, _ []string) {
		for _, statement := range f.SQL {
			require.Contains(r.t, f.Advice, statement)
			if strings.HasPrefix(statement, "SET GLOBAL") {
				r.exec(statement) // on RDS a parameter in the parameter group
				continue
			}
			r.asAdministrator(statement)
		}
	})
	add("exclude", `add `+entryText+` to source\.exclude`, func(w way, r *realServer, c *config.Config, f mysql.Finding, _ []string) {
		database, table := w.table(r, f)
		c.Source.Exclude = append(c.Source.Exclude, config.ExcludedTable{Database: database, Table: table})
	})
	add("spelling", `write `+entryText+` in source\.tables`, func(w way, r *realServer, c *config.Config, f mysql.Finding, _ []string) {
		c.Source.Tables[0].Database, c.Source.Tables[0].Table = w.table(r, f)
	})
	add("omit", `add (\w+) to omitColumns of (\S+?)(?:[,:]|$)`, func(_ way, r *realServer, c *config.Config, _ mysql.Finding, m []string) {
		entry := &c.Source.Tables[tableIndex(r, c, m[2])]
		entry.OmitColumns = append(entry.OmitColumns, m[1])
	})
	add("take out", `take it out of source\.tables`, func(_ way, r *realServer, c *config.Config, f mysql.Finding, _ []string) {
		i := tableIndex(r, c, f.Check[strings.LastIndex(f.Check, " ")+1:])
		c.Source.Tables = slices.Delete(c.Source.Tables, i, i+1)
	})
	add("dotted", `set source\.dottedColumns to warn`, func(_ way, _ *realServer, c *config.Config, _ mysql.Finding, _ []string) {
		c.Source.DottedColumns = config.DottedColumnsWarn
	})
	add("cascades", `set source\.cascades to warn`, func(_ way, _ *realServer, c *config.Config, _ mysql.Finding, _ []string) {
		c.Source.Cascades = config.CascadesWarn
	})
	add("lob", `raise replication\.lobMaxSizeKb from 64 to at least (\d+)`, func(_ way, r *realServer, c *config.Config, _ mysql.Finding, m []string) {
		var err error
		c.Replication.LobMaxSizeKb, err = strconv.Atoi(m[1])
		require.NoError(r.t, err)
	})
	add("create", `create (it|one)`, func(_ way, r *realServer, _ *config.Config, f mysql.Finding, _ []string) {
		r.asAdministrator("CREATE TABLE " + strings.ReplaceAll(f.Check[strings.LastIndex(f.Check, " ")+1:], "%", "s") + " (id INT PRIMARY KEY)")
	})
	add("schema", `name the SQL file that does in source\.schemaFiles`, func(_ way, _ *realServer, c *config.Config, f mysql.Finding, _ []string) {
		c.Source.SchemaFiles = append(c.Source.SchemaFiles, "CREATE TABLE IF NOT EXISTS "+strings.TrimPrefix(f.Check, "table ")+" (id INT PRIMARY KEY)")
	})
	add("letters", `in its very letters: (.*)`, func(_ way, _ *realServer, c *config.Config, _ mysql.Finding, m []string) {
		omitted := c.Source.Tables[0].OmitColumns
		for name := range strings.SplitSeq(m[1], ", ") {
			if strings.EqualFold(name, omitted[0]) {
				omitted[0] = name
			}
		}
	})
	add("no omission", `take it out of omitColumns|or none of them`, func(_ way, _ *realServer, c *config.Config, _ mysql.Finding, _ []string) {
		c.Source.Tables[0].OmitColumns = nil
	})
	add("both", `omit both columns`, func(_ way, _ *realServer, c *config.Config, f mysql.Finding, _ []string) {
		m := regexp.MustCompile(`and (\w+) is like it`).FindStringSubmatch(f.Value)
		c.Source.Tables[0].OmitColumns = append(c.Source.Tables[0].OmitColumns, m[1])
	})
	add("filter", `filter by another column`, func(_ way, _ *realServer, c *config.Config, _ mysql.Finding, _ []string) {
		c.Source.Tables[0].Filters[0].Column = "id"
	})
	add("setting", `set (\w+) to (\w+)(?: in the parameter group|, or)`, func(_ way, r *realServer, _ *config.Config, _ mysql.Finding, m []string) {
		r.exec("SET GLOBAL " + m[1] + " = " + m[2])
	})
	return ways
}

// asAdministrator runs a statement as RDS's master user.
func (r *realServer) asAdministrator(statement string) {
	r.t.Helper()
	db, err := mysql.Connect(context.Background(), r.server, r.admin)
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, db.Close()) }()
	require.NoError(r.t, db.Exec(context.Background(), statement), statement)
}
