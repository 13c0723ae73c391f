package replication

import (
	"cdcpipeline/config"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got+"\n"), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update")
	require.Equal(t, string(want), got+"\n")
}

const dmsGuide = "https://docs.aws.amazon.com/dms/latest/userguide/"

// The documentation page beside each golden file shows the same text.
func TestTableMappings(t *testing.T) {
	for file, c := range map[string]struct {
		page     string
		tables   []config.Table
		excluded []config.ExcludedTable
	}{
		"mappings_one": {
			page:   dmsGuide + "CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections.html",
			tables: []config.Table{{Database: "testdb", Table: "retail_trans"}},
		},
		"mappings_wildcards": {
			page: dmsGuide + "CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Wildcards.html",
			tables: []config.Table{
				{Database: "shop", Table: "orders"},
				{Database: "a_b%c", Table: "with[bracket]"},
			},
		},
		"mappings_exclude": {
			page:     dmsGuide + "CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections.html",
			tables:   []config.Table{{Database: "%", Table: "order%"}},
			excluded: []config.ExcludedTable{{Database: "%", Table: "order_tmp%"}, {Database: "archive", Table: "%"}},
		},
		"mappings_keys_of_a_pattern": {
			page:   dmsGuide + "CHAP_Target.Kinesis.html#CHAP_Target.Kinesis.ObjectMapping",
			tables: []config.Table{{Database: "my_shop", Table: "%"}},
		},
		"mappings_omit": {
			page:   dmsGuide + "CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Transformations.html",
			tables: []config.Table{{Database: "my_shop", Table: "card_data", OmitColumns: []string{"pin", "card_no"}}},
		},
		"mappings_filters": {
			page: dmsGuide + "CHAP_Tasks.CustomizingTasks.Filters.html",
			tables: []config.Table{{Database: "my_shop", Table: "orders", Filters: []config.Filter{
				{Column: "id", Operator: config.FilterLte, Value: "10"},
				{Column: "region", Operator: config.FilterNotEq, Value: "eu"},
				{Column: "id", Operator: config.FilterBetween, Value: "50", EndValue: "75"},
				{Column: "made", Operator: config.FilterNotNull},
			}}},
		},
	} {
		t.Run(file, func(t *testing.T) {
			got, err := tableMappings(config.EngineMySQL, c.tables, c.excluded)
			require.NoError(t, err, c.page)
			golden(t, file+".golden.json", got)
		})
	}
}

func TestTableMappingsNeedATable(t *testing.T) {
	_, err := tableMappings(config.EngineMySQL, nil, nil)
	require.ErrorContains(t, err, "source.tables")
}

func TestATablesRulesDependOnNothingButTheTable(t *testing.T) {
	name := rapid.StringMatching(`[a-z_]{1,6}`)
	table := rapid.Custom(func(t *rapid.T) config.Table {
		return config.Table{Database: name.Draw(t, "database"), Table: name.Draw(t, "table")}
	})
	rapid.Check(t, func(t *rapid.T) {
		tables := rapid.SliceOfNDistinct(table, 1, 12, config.Table.String).Draw(t, "tables")
		whole, shuffled := rulesOf(t, tables), rulesOf(t, rapid.Permutation(tables).Draw(t, "shuffled"))
		require.Equal(t, whole, shuffled)
		ids := map[string]bool{}
		for _, r := range whole {
			require.Regexp(t, `^[1-9][0-9]{0,8}$`, r.ID)
			require.False(t, ids[r.ID], "rule id %s is given twice", r.ID)
			ids[r.ID] = true
		}
		require.Len(t, ids, 2*len(tables))
		for _, r := range rulesOf(t, tables[:1]) {
			require.Contains(t, whole, r)
		}
	})
}

func rulesOf(t *rapid.T, tables []config.Table) []rule {
	text, err := tableMappings(config.EngineMySQL, tables, nil)
	require.NoError(t, err)
	var document struct{ Rules []rule }
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	return document.Rules
}

func TestLiteralEscapesAllButThePercentSign(t *testing.T) {
	for name, want := range map[string]string{
		"plain": "plain", "a_b": "a[_]b", "100%": "100%", "[x]": "[[]x]", "größe": "größe",
	} {
		require.Equal(t, want, literal(name))
	}
}
