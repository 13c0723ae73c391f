package currentstate

import (
	"cdcpipeline/internal/opensearch/opensearchtest"
	"cdcpipeline/internal/table"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var clicks = table.Name{Database: "shop", Table: "clicks"}

// twoTables makes two tables, orders and clicks, each with a row.
func twoTables(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, func(s *Settings) {
		s.Tables = append(s.Tables, Table{Database: clicks.Database, Table: clicks.Table, Key: []string{"id"}})
	})
	require.Equal(t, -1, r.handle(t, row(1, 10, ""), rowOf(clicks.Table, "bin", 1, 10, "")))
	return r
}

// The error types and statuses come from OpenSearch 2.19.4.
func TestAnIndexThatIsOutOfOrderParksNothingAndHoldsUpNoOther(t *testing.T) {
	for name, out := range map[string]outOfOrder{
		"closed":           {400, "index_closed_exception"},
		"write block":      {403, "cluster_block_exception"},
		"flood stage":      {429, "cluster_block_exception"},
		"red shard":        {503, "unavailable_shards_exception"},
		"nobody knows why": {400, "some_new_exception"},
	} {
		t.Run(name, func(t *testing.T) {
			r := twoTables(t)
			r.f.settings.BulkRecords = 1
			r.domain.out = map[string]outOfOrder{unnamed.Index(orders, 1): out}
			require.Equal(t, 0, r.handle(t, row(2, 20, ""), rowOf(clicks.Table, "bin", 2, 20, "")))
			require.Len(t, r.domain.shown(t, unnamed.Alias(clicks)), 2, "the other table's row is there, though its request came later")
			require.Contains(t, r.log.String(), "writing to "+unnamed.Index(orders, 1))
			require.Contains(t, r.log.String(), out.kind)

			r.domain.out = nil
			require.Equal(t, -1, r.handle(t, row(2, 20, ""), rowOf(clicks.Table, "bin", 2, 20, "")))
			require.Empty(t, r.parked())
			require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)
		})
	}
}

func TestAnAliasThatLeadsNowhereParksNothing(t *testing.T) {
	r := twoTables(t)
	r.domain.alias(written(unnamed.Index(orders, 1)))["stray"] = false
	require.Equal(t, 0, r.handle(t, row(2, 20, ""), rowOf(clicks.Table, "bin", 2, 20, "")))
	require.Empty(t, r.parked())
	require.Contains(t, r.log.String(), "the alias current-shop-orders-1-w leads to current-shop-orders-1, stray and has to lead to current-shop-orders-1 alone")
	require.Len(t, r.domain.shown(t, unnamed.Alias(clicks)), 2)

	delete(r.domain.alias(written(unnamed.Index(orders, 1))), "stray")
	require.Equal(t, -1, r.handle(t, row(2, 20, "")))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)
}

func TestADocumentThatItsIndexCannotTakeIsParked(t *testing.T) {
	for _, refusal := range []string{
		"mapper_parsing_exception: failed to parse", "strict_dynamic_mapping_exception: mapping set to strict",
		"illegal_argument_exception: Limit of total fields [10000] has been exceeded",
	} {
		r := twoTables(t)
		r.domain.refuse = func(source map[string]any) string {
			if source["id"] == 2.0 {
				return refusal
			}
			return ""
		}
		require.Equal(t, -1, r.handle(t, row(2, 20, ""), row(3, 30, "")))
		lines := r.lines(t)
		require.Len(t, lines, 1)
		require.Equal(t, Refused, lines[0].Reason)
		require.Equal(t, refusal, lines[0].Detail)
	}
}

// If OpenSearch refuses a whole request, this says nothing about its documents, unless the error names its
// content.
func TestARequestIsRefusedForItsDocumentsOrTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		kind   string
		parked int
		reason string
	}{
		"too long":                 {413, "", 1, "why"},
		"an id is too long":        {400, "action_request_validation_exception", 1, "why"},
		"a line is malformed":      {400, illegalArgument, 1, "Malformed action/metadata line"},
		"a parameter is not taken": {400, illegalArgument, 0, "request [/_bulk] contains unrecognized parameter: [filter_path]"},
		"a proxy has its say":      {400, "", 0, "why"},
		"a method is not let":      {405, "", 0, "why"},
		"an index of it is closed": {400, "index_closed_exception", 0, "why"},
		"credentials are expired":  {403, "", 0, "The security token included in the request is expired."},
		"nobody is in charge":      {503, "cluster_manager_not_discovered_exception", 0, "not enough nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			r := twoTables(t)
			r.f.client.once.Transport = opensearchtest.Domain(func(request opensearchtest.Request) (int, any) {
				if request.Parts[0] == "_bulk" && strings.Contains(string(request.Content), `"id":2`) {
					return c.status, object{"error": object{"type": c.kind, "reason": c.reason}}
				}
				return r.domain.answer(request)
			})
			settled := r.handle(t, row(2, 20, ""), row(3, 30, ""))
			require.Len(t, r.lines(t), c.parked)
			if c.parked == 0 {
				require.Equal(t, 0, settled)
				return
			}
			require.Equal(t, -1, settled)
			require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)
		})
	}
}

func TestOpenSearchAnswersBeforeTheClientHangsUp(t *testing.T) {
	limit, err := time.ParseDuration(shardTimeout)
	require.NoError(t, err)
	require.Less(t, limit, requestTimeout/2)
	require.Contains(t, bulkPath, "timeout="+shardTimeout)
}

func TestColumnsOfAnIndexThatIsOutOfOrderAreDescribedLater(t *testing.T) {
	r := twoTables(t)
	closed := true
	r.f.client.Transport = opensearchtest.Domain(func(request opensearchtest.Request) (int, any) {
		if closed && request.Method == http.MethodPut && request.Last() == "_mapping" {
			return 400, object{"error": object{"type": "index_closed_exception", "reason": "closed"}}
		}
		return r.domain.answer(request)
	})
	altered := strings.Replace(created("orders", `"id":{"type":"INT32"},"day":{"type":"DATE"}`, `"region","id"`), "create-table", "add-column", 1)
	require.Equal(t, 0, r.handle(t, altered))
	closed = false
	require.Equal(t, -1, r.handle(t, altered))
	require.Equal(t, "date", r.domain.indices[unnamed.Index(orders, 1)].fields["day"].(map[string]any)["type"])
}

// A delete ignores require_alias, and with an external version it makes a missing index (OpenSearch 2.19.4). So
// the function deletes rows with tombstones, and sweeps tombstones on a condition.
func TestNothingIsDeletedByVersion(t *testing.T) {
	r := newRig(t, nil)
	var actions []string
	r.f.client.once.Transport = opensearchtest.Domain(func(request opensearchtest.Request) (int, any) {
		for line := range strings.Lines(string(request.Content)) {
			if strings.HasPrefix(line, `{"delete"`) || strings.HasPrefix(line, `{"index"`) {
				actions = append(actions, line)
			}
		}
		return r.domain.answer(request)
	})
	r.f.client.Transport = r.f.client.once.Transport
	require.Equal(t, -1, r.handle(t, row(1, 10, ""), strings.Replace(row(1, 20, ""), `"insert"`, `"delete"`, 1)))
	r.now = r.now.Add(60 * 24 * time.Hour)
	swept, err := r.f.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, swept.Removed)
	deletions := slices.DeleteFunc(actions, func(line string) bool { return strings.HasPrefix(line, `{"index"`) })
	require.Len(t, deletions, 1)
	require.Contains(t, deletions[0], `"if_seq_no"`)
	require.NotContains(t, deletions[0], "version")
}
