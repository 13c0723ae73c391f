package firehose

import (
	"cdcpipeline/internal/lake/partition"
	"cdcpipeline/rehearsal/stores"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// namesOfTables are names that jq 1.6 and later versions write differently, and others.
var namesOfTables = []string{
	"retail_trans", "it's", "odd!(name)*", "!'()*", "a%21b", "%", "a/b", "../c", "a=b c", "상점", "😀", "-_.~", `"\`, "a$b", "\u007f", "a+b&c;d:e@f,g",
}

// runJQ makes jq 1.6's library process each record, through its own interface (jq.h, jv.h).
const runJQ = `import ctypes, json, sys
asked = json.load(sys.stdin)
jq = ctypes.CDLL(sys.argv[1])
class Value(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_ubyte), ("pad", ctypes.c_ubyte), ("offset", ctypes.c_ushort), ("size", ctypes.c_int), ("content", ctypes.c_uint64)]
for name, result, *arguments in [
    ("jq_init", ctypes.c_void_p), ("jq_compile", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p), ("jq_start", None, ctypes.c_void_p, Value, ctypes.c_int),
    ("jq_next", Value, ctypes.c_void_p), ("jv_parse", Value, ctypes.c_char_p), ("jv_dump_string", Value, Value, ctypes.c_int), ("jv_string_value", ctypes.c_char_p, Value),
]:
    getattr(jq, name).restype, getattr(jq, name).argtypes = result, arguments
program = jq.jq_init()
if not jq.jq_compile(program, asked["query"].encode()):
    sys.exit("jq 1.6 refuses the query")
def answer(record):
    jq.jq_start(program, jq.jv_parse(json.dumps(record).encode()), 0)
    return json.loads(jq.jv_string_value(jq.jv_dump_string(jq.jq_next(program), 0)))
json.dump([answer(record) for record in asked["records"]], sys.stdout)`

// jq 1.6 itself, the stand-in and the readers give the same result for the program's query.
func TestPartitionsAreThoseOfJQ16(t *testing.T) {
	site, err := stores.NewSite("../../../.cache")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, site.Remove()) })
	library, err := site.JQ(t.Context())
	require.NoError(t, err)
	var asked struct {
		Query   string `json:"query"`
		Records []any  `json:"records"`
	}
	asked.Query = partition.Query()
	for _, name := range namesOfTables {
		asked.Records = append(asked.Records, recordOf(name))
	}
	run := func() []map[string]string {
		in, err := json.Marshal(asked)
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), "python3", "-c", runJQ, library)
		cmd.Stdin = strings.NewReader(string(in))
		out, err := cmd.Output()
		require.NoError(t, err)
		var answers []map[string]string
		require.NoError(t, json.Unmarshal(out, &answers))
		return answers
	}
	p, err := parseProcessing(processed(extraction(asked.Query)))
	require.NoError(t, err)
	for i, answer := range run() {
		name := namesOfTables[i]
		data, err := json.Marshal(recordOf(name))
		require.NoError(t, err)
		keys, err := p.keys(data)
		require.NoError(t, err)
		require.Equal(t, answer, keys, name)
		require.Equal(t, fmt.Sprintf("raw/schema=%s/table=%s/", answer["schema"], answer["table"]), partition.Folder("raw", name, name))
	}

	// This proves that it is jq 1.6, like the stand-in: later versions write %21.
	asked.Query = `{table: (.metadata."table-name" | @uri)}`
	p, err = parseProcessing(processed(extraction(asked.Query)))
	require.NoError(t, err)
	for i, answer := range run() {
		if namesOfTables[i] != "!'()*" {
			continue
		}
		require.Equal(t, "!'()*", answer["table"])
		keys, err := p.keys([]byte(`{"metadata":{"table-name":"!'()*"}}`))
		require.NoError(t, err)
		require.Equal(t, answer, keys)
	}
}

func recordOf(name string) any {
	return map[string]any{"metadata": map[string]any{"record-type": "data", "schema-name": name, "table-name": name}}
}
