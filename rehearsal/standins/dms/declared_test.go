package dms

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func mapping(rules string) string { return `{"rules":[` + rules + `]}` }

func selection(action, schema, table string) string {
	return fmt.Sprintf(`{"rule-type":"selection","rule-id":"1","rule-name":"1","rule-action":%q,"object-locator":{"schema-name":%q,"table-name":%q}}`, action, schema, table)
}

func TestSelection(t *testing.T) {
	m, err := parseMappings(mapping(selection("include", "shop%", "%") + "," + selection("exclude", "%", "tmp[_]%") + "," + selection("include", "exact", "a_c")))
	require.NoError(t, err)
	for n, want := range map[name]bool{
		{"shop", "orders"}: true, {"shop2", "x"}: true, {"shop", "tmp_x"}: false, {"shop", "tmpx"}: true,
		{"exact", "abc"}: true, {"exact", "abbc"}: false, {"other", "x"}: false, {"SHOP", "x"}: false,
	} {
		require.Equal(t, want, m.selects(n), n)
	}
}

// filtered returns a selection rule with a filter. onColumn returns a filter on column c.
func filtered(action, table, filter string) string {
	return mapping(fmt.Sprintf(`{"rule-type":"selection","rule-action":%q,"object-locator":{"schema-name":"a","table-name":%q},"filters":[%s]}`, action, table, filter))
}

func onColumn(conditions string) string {
	return `{"filter-type":"source","column-name":"c","filter-conditions":[` + conditions + `]}`
}

func TestFilters(t *testing.T) {
	columns := map[string]column{
		"integer": {kind: kindInteger, bits: 64}, "decimal": {kind: kindDecimal}, "text": {kind: kindText}, "time": {kind: kindDateTime},
	}
	for _, c := range []struct {
		column, conditions string
		value              any
		want               bool
	}{
		{"integer", `{"filter-operator":"lte","value":"10"}`, int64(9), true},
		{"integer", `{"filter-operator":"lte","value":"10"}`, int64(100), false},
		{"integer", `{"filter-operator":"ste","value":"10"}`, int64(10), true},
		{"integer", `{"filter-operator":"gte","value":"10"}`, int64(9), false},
		{"integer", `{"filter-operator":"lte","value":"10"},{"filter-operator":"between","start-value":"50","end-value":"75"}`, int64(60), true},
		{"integer", `{"filter-operator":"lte","value":"10"},{"filter-operator":"between","start-value":"50","end-value":"75"}`, int64(40), false},
		{"integer", `{"filter-operator":"notbetween","start-value":"50","end-value":"75"}`, int64(75), false},
		{"integer", `{"filter-operator":"noteq","value":"1"}`, nil, false},
		{"integer", `{"filter-operator":"null"}`, nil, true},
		{"integer", `{"filter-operator":"null"}`, int64(1), false},
		{"integer", `{"filter-operator":"notnull"}`, nil, false},
		{"decimal", `{"filter-operator":"eq","value":"1.50"}`, "1.5000", true},
		{"text", `{"filter-operator":"eq","value":"eu"}`, "eu", true},
		{"text", `{"filter-operator":"noteq","value":"eu"}`, "us", true},
		{"time", `{"filter-operator":"gte","value":"2026-11-23"}`, "2026-11-22 23:59:59", false},
		{"time", `{"filter-operator":"gte","value":"2026-11-23 09:00:00"}`, "2026-11-23 09:40:00", true},
	} {
		m, err := parseMappings(filtered("include", "b", onColumn(c.conditions)))
		require.NoError(t, err)
		of := columns[c.column]
		of.name = "c"
		x := &table{name: name{"a", "b"}, columns: []column{of}}
		require.NoError(t, x.readFilters(m))
		got, err := x.passes([]any{c.value}, true)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%v", c)
	}
}

func TestFiltersThatAreNotImplementedAreRefused(t *testing.T) {
	m, err := parseMappings(filtered("include", "b", onColumn(`{"filter-operator":"eq","value":"x"}`)))
	require.NoError(t, err)
	for message, c := range map[string]column{
		"column c, which it does not have":   {name: "other"},
		"column c (BLOB) is not implemented": {name: "c", kind: kindBytes, typ: "BLOB", lob: true},
		`"x", which is no number`:            {name: "c", kind: kindInteger},
	} {
		require.ErrorContains(t, (&table{name: name{"a", "b"}, columns: []column{c}}).readFilters(m), message)
	}
	twice, err := parseMappings(strings.TrimSuffix(filtered("include", "b", onColumn(`{"filter-operator":"null"}`)), "]}") + "," + selection("include", "%", "b") + "]}")
	require.NoError(t, err)
	require.ErrorContains(t, (&table{name: name{"a", "b"}, columns: []column{{name: "c"}}}).readFilters(twice), "2 rules include it")
}

func TestMappingsThatAreRefused(t *testing.T) {
	object := func(action, parameters string) string {
		return selection("include", "a", "b") + `,{"rule-type":"object-mapping","rule-id":"2","rule-name":"2","rule-action":"` + action + `","object-locator":{"schema-name":"a","table-name":"b"}` + parameters + `}`
	}
	for text, message := range map[string]string{
		`{`:                                      "table mappings: reading JSON",
		mapping(""):                              "no rule includes a table",
		`{"rules":[],"x":1}`:                     "unknown field",
		mapping(selection("explicit", "a", "b")): `rule-action "explicit" is not implemented`,
		mapping(selection("include", "a[bc]", "b")): "only one character",
		mapping(`{"rule-type":"transformation","rule-action":"rename","object-locator":{"schema-name":"a","table-name":"b"}}`):                                                `rule-type "transformation"`,
		mapping(`{"rule-type":"transformation","rule-target":"table","rule-action":"remove-column","object-locator":{"schema-name":"a","table-name":"b","column-name":"c"}}`): "needs rule-target column",
		mapping(`{"rule-type":"transformation","rule-target":"column","rule-action":"remove-column","object-locator":{"schema-name":"a","table-name":"b"}}`):                  "and a column-name",
		mapping(`{"rule-type":"selection","rule-action":"include","object-locator":{"schema-name":"a","table-name":"b","column-name":"c"}}`):                                  "column-name has no meaning here",
		filtered("include", "b", `{}`):                                                                              "a filter needs",
		filtered("exclude", "b", onColumn(`{"filter-operator":"eq","value":"1"}`)):                                  "filters are for rules that include",
		filtered("include", "%", onColumn(`{"filter-operator":"eq","value":"1"}`)):                                  "exact name",
		filtered("include", "b", onColumn(`{"filter-operator":"gt","value":"1"}`)):                                  `filter-operator "gt" is unknown`,
		filtered("include", "b", onColumn(`{"filter-operator":"between","start-value":"1"}`)):                       "does not have the values",
		filtered("include", "b", onColumn(`{"filter-operator":"null","value":"1"}`)):                                "does not have the values",
		filtered("include", "b", onColumn(`{"filter-operator":"noteq","value":"1"},{"filter-operator":"notnull"}`)): "must be the only condition",
		mapping(object("map-record-to-table", "")):                                                                  "is not implemented",
		mapping(object("map-record-to-record", "")):                                                                 "has no effect",
		mapping(object("map-record-to-record", `,"mapping-parameters":{"partition-key-type":"transaction-id"}`)):    `"transaction-id" is not implemented`,
		mapping(object("map-record-to-record", `,"mapping-parameters":{"exclude-columns":["x"]}`)):                  "unknown field",
	} {
		_, err := parseMappings(text)
		require.ErrorContains(t, err, message, text)
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	for text, message := range map[string]string{
		`{"TargetMetadata":{"FullLobMode":true}}`:                          "FullLobMode",
		`{"TargetMetadata":{"BatchApplyEnabled":true}}`:                    "BatchApplyEnabled",
		`{"TargetMetadata":{"LobMaxSize":0}}`:                              "LobMaxSize",
		`{"TargetMetadata":{"Unknown":0}}`:                                 "unknown field",
		`{"Unknown":{}}`:                                                   "unknown field",
		`{"ValidationSettings":{"EnableValidation":true,"ThreadCount":5}}`: "EnableValidation",
		`{"ErrorBehavior":{"DataErrorPolicy":"SHRUG"}}`:                    `DataErrorPolicy "SHRUG" is unknown`,
		`{"ErrorBehavior":{"DataTruncationErrorPolicy":"SUSPEND_TABLE"}}`:  "SUSPEND_TABLE is not implemented",
		`{"BeforeImageSettings":{"EnableBeforeImage":true}}`:               "FieldName must not be empty",
		`{"FullLoadSettings":{"TargetTablePrepMode":"X"}}`:                 "TargetTablePrepMode",
	} {
		_, err := parseSettings(text)
		require.ErrorContains(t, err, message, text)
	}
	s, err := parseSettings(`{"Logging":{"EnableLogging":true},"TargetMetadata":{"LobMaxSize":64}}`)
	require.NoError(t, err)
	require.Equal(t, 64, s.TargetMetadata.LobMaxSize)
	require.Equal(t, logError, s.ErrorBehavior.DataTruncationErrorPolicy)
}

func TestRecoverableErrorsAreRetriedAsDeclared(t *testing.T) {
	e := defaultSettings().ErrorBehavior
	for n, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 3: 20 * time.Second, 100: 1800 * time.Second} {
		got, again := e.wait(n)
		require.True(t, again)
		require.Equal(t, want, got, n)
	}
	e.RecoverableErrorCount, e.RecoverableErrorThrottling = 2, false
	got, again := e.wait(2)
	require.True(t, again)
	require.Equal(t, 5*time.Second, got)
	_, again = e.wait(3)
	require.False(t, again)
}

func FuzzParseMappings(f *testing.F) {
	f.Add(mapping(selection("include", "a[_]b", "%")))
	f.Fuzz(func(_ *testing.T, text string) { _, _ = parseMappings(text) })
}

func TestStatement(t *testing.T) {
	for text, want := range map[string]struct {
		verb string
		name name
	}{
		"ALTER TABLE t ADD x INT":                             {"ALTER", name{"db", "t"}},
		"/* c */ alter online table `a`.`b``c` drop column x": {"ALTER", name{"a", "b`c"}},
		"DROP TABLE IF EXISTS s.t /* generated by server */":  {"DROP", name{"s", "t"}},
		"TRUNCATE t":              {"TRUNCATE", name{"db", "t"}},
		"RENAME TABLE a.b TO a.c": {"RENAME", name{"a", "b"}},
		"CREATE TABLE x(id INT)":  {"CREATE", name{"db", "x"}},
		"CREATE OR REPLACE TABLE IF NOT EXISTS `a`.`b` LIKE c": {"CREATE", name{"a", "b"}},
		"GRANT SELECT ON x TO y@z":                             {},
	} {
		verb, n, ok := statement("db", text)
		require.Equal(t, want.verb != "", ok, text)
		require.Equal(t, want.verb, verb, text)
		require.Equal(t, want.name, n, text)
	}
}

func TestTransactionIDIsFileAndPosition(t *testing.T) {
	require.EqualValues(t, 677883278264080, transactionID("mysql-bin-changelog.157832", 1808)) // of the API reference
}

func TestSecretNeedsAllFourKeys(t *testing.T) {
	s, err := parseSecret(`{"username":"u","password":"p","host":"h","port":"3306","engine":"mysql"}`)
	require.NoError(t, err)
	require.EqualValues(t, 3306, s.port)
	for _, text := range []string{`{"username":"u","password":"p"}`, `x`, `{"username":"u","password":"p","host":"h","port":70000}`} {
		_, err := parseSecret(text)
		require.Error(t, err, text)
	}
}

func FuzzStatement(f *testing.F) {
	f.Add("ALTER TABLE `a`.`b` ADD c INT")
	f.Fuzz(func(_ *testing.T, text string) { _, _, _ = statement("db", text) })
}
