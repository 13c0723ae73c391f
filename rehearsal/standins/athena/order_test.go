package athena

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/views"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Package currentstate and the view must compute the same rows, for any records in any order.
func TestRowsAreThoseOfPackageChange(t *testing.T) {
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 7))
		lines := histories(random)
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, err := answers(t, asked(t, orders), lake{object: lines[:len(lines)/2], folder + "b.gz": lines[len(lines)/2:]})
		require.NoError(t, err)
		require.Equal(t, reduced(t, lines), customers(got.Views["shop_orders"]), "seed %d", seed)
	}
}

var inUTC = regexp.MustCompile(`"timestamp":"[^"]+Z"`)

// vector is package change's result for a line: internal/change/vectors_test.go.
type vector struct {
	Line, Version, ID string
	Types             []string
}

func vectorsOf(t *testing.T, file string) []vector {
	t.Helper()
	text, err := os.ReadFile("../../../internal/change/testdata/" + file)
	require.NoError(t, err)
	var vectors []vector
	require.NoError(t, json.Unmarshal(text, &vectors))
	return vectors
}

func TestTheOrderIsThatOfTheVectors(t *testing.T) { inOrder(t, "vectors.json", orders) }

// inOrder checks that for any two positions in vectors the later change determines the row.
func inOrder(t *testing.T, file string, of views.Table) {
	t.Helper()
	metadata := map[int64]string{} // by version
	for _, v := range vectorsOf(t, file) {
		var line struct{ Metadata json.RawMessage }
		// A deleted row is not shown, and DMS writes a UTC time into every record.
		if v.Version == "" || json.Unmarshal([]byte(v.Line), &line) != nil || strings.Contains(string(line.Metadata), `"delete"`) || !inUTC.Match(line.Metadata) {
			continue
		}
		version, err := strconv.ParseInt(v.Version, 10, 64)
		require.NoError(t, err)
		metadata[version] = strings.NewReplacer(`"schema-name":"s"`, `"schema-name":"shop"`, `"table-name":"t"`, `"table-name":"Orders"`).Replace(string(line.Metadata))
	}
	versions := slices.Sorted(maps.Keys(metadata))
	require.Greater(t, len(versions), 50)
	var lines []string
	want := map[string]any{}
	row := func(id int, version int64) {
		lines = append(lines, fmt.Sprintf(`{"data":{"id":%d,"Customer":"%d"},"metadata":%s}`, id, version, metadata[version]))
	}
	for i, later := range versions[1:] {
		row(i, versions[i])
		row(i, later)
		want[fmt.Sprint(i)] = fmt.Sprint(later)
	}
	got, err := answers(t, asked(t, of), lake{object: lines})
	require.NoError(t, err)
	require.Equal(t, want, customers(got.Views["shop_orders"]))
}

// histories are changes of a few rows, including key changes, each at its own position.
func histories(random *rand.Rand) []string {
	var lines []string
	taken := map[string]bool{}
	for i := range 2000 {
		data := fmt.Sprintf(`{"id":%d,"Customer":"%d"}`, random.IntN(200), i)
		if random.IntN(10) == 0 {
			lines = append(lines, strings.Replace(load(0, data), "00.000000Z", fmt.Sprintf("00.%06dZ", i), 1))
			continue
		}
		file, offset, record := 1+random.IntN(12), 1+random.IntN(2000), 1+random.IntN(20)
		place := fmt.Sprint(file, offset, record)
		if taken[place] {
			continue
		}
		taken[place] = true
		operation, before := []string{"insert", "update", "update", "delete"}[random.IntN(4)], ""
		if operation == "update" && random.IntN(2) == 0 {
			before = fmt.Sprintf(`{"id":%d}`, random.IntN(200))
		}
		lines = append(lines, changed(operation, file, offset, record, data, before))
	}
	return lines
}

// reduced returns the remaining rows according to package change.
func reduced(t *testing.T, lines []string) map[string]any {
	t.Helper()
	type state struct {
		order    change.Order
		customer string
		gone     bool
	}
	rows := map[string]state{}
	put := func(key change.Key, next state) {
		if known, ok := rows[key.ID()]; ok {
			n, err := next.order.Compare(known.order)
			require.NoError(t, err)
			if n < 0 {
				return
			}
		}
		rows[key.ID()] = next
	}
	for _, line := range lines {
		r, err := change.Parse([]byte(line))
		require.NoError(t, err)
		order, err := r.Order()
		require.NoError(t, err)
		key, err := r.Key(change.KeyColumns{Names: []string{"id"}})
		require.NoError(t, err)
		before, moved, err := r.PreviousKey(change.KeyColumns{Names: []string{"id"}})
		require.NoError(t, err)
		if moved {
			put(before, state{order, "", true})
		}
		customer, _ := r.Data.Get("Customer")
		put(key, state{order, customer[1 : len(customer)-1], r.Operation == change.Delete})
	}
	left := map[string]any{}
	for id, s := range rows {
		if !s.gone {
			left[id] = s.customer
		}
	}
	return left
}
