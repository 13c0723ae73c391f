package mysql

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeysAreMeasuredWhenTheyMayBeTooLong(t *testing.T) {
	// my_shop.orders and two dots leave 240 characters.
	for name, c := range map[string]struct {
		code, tenant string // types
		longest      string
		slow         bool
		want, advice string
	}{
		"a key that cannot be too long":  {"varchar(170)", "int(11)", "999", false, "", ""},
		"as long as can be":              {"varchar(171)", "int(11)", "240", false, "ok: 240 characters of 240", ""},
		"longer":                         {"varchar(171)", "int(11)", "241", false, "failed: 241 characters, and Kinesis takes 240 beside the table's name", "give the table a shorter primary key, or take it out of source.tables"},
		"bytes, which are written twice": {"binary(100)", "varbinary(21)", "242", false, "failed: 242 characters, and Kinesis takes 240 beside the table's name", ""},
		"a set, whose text may be long":  {"set('a','b')", "int(11)", "3", false, "ok: 3 characters of 240", ""},
		"a prefix of a text":             {"mediumtext", "int(11)", "240", false, "ok: 240 characters of 240", ""},
		"no rows":                        {"varchar(255)", "int(11)", "", false, "ok: 0 characters of 240", ""},
		"too many rows to look at":       {"varchar(255)", "int(11)", "", true, "warning: not measured within 45 s", "no key of it has more than 240 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			f, req := orders()
			at := req.Tables[0]
			f.tables[at] = fakeTable{
				kind: "BASE TABLE", key: []string{"code", "tenant"}, longest: c.longest, slow: c.slow,
				columns: [][]string{{"code", c.code, "NO", ""}, {"tenant", c.tenant, "NO", ""}},
			}
			req.LobMaxSizeKb = 1 << 20
			findings, err := runOn(f, req)
			found := named(findings, "longest key of my_shop.orders")
			require.Equal(t, c.want, findings.Summary()["longest key of my_shop.orders"])
			require.Contains(t, found.Advice, c.advice)
			require.Equal(t, strings.HasPrefix(c.want, "failed"), err != nil)
		})
	}
}
