package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// sample is how many of the peer's documents are compared with the function's.
const sample = 200

// some reads some documents of an index by id, each with its columns as text.
func (b *bench) some(ctx context.Context, index string) (map[string]string, error) {
	hits, err := b.node.Admin().Search(ctx, index, map[string]any{"size": sample, "sort": map[string]any{key: "asc"}})
	if err != nil {
		return nil, fmt.Errorf("reading documents of %s: %w", index, err)
	}
	all := map[string]string{}
	for _, hit := range hits {
		if all[hit.ID], err = columns(hit.Source); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// columns returns a document's columns as text. A number may be a JSON number or a text.
func columns(source []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(source))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return "", fmt.Errorf("reading a document: %w", err)
	}
	delete(members, "_cdc") // it describes the origin of the row
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(members)) {
		fmt.Fprintf(&text, "%s=%s\n", name, plain(members[name]))
	}
	return text.String(), nil
}

// plain returns a value as text. It removes trailing zeros from the seconds of a time.
func plain(value any) string {
	text := fmt.Sprint(value)
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return text
}

// same checks that the peer's documents have the same rows as the function's.
func (b *bench) same(ctx context.Context) error {
	if b.kept.documents == nil {
		return nil
	}
	has, err := b.some(ctx, peerIndex)
	if err != nil {
		return err
	}
	for id, want := range b.kept.documents {
		if has[id] != want {
			return fmt.Errorf("row %s is not the same in both indices: the function wrote\n%sthe peer\n%s", id, want, has[id])
		}
	}
	return nil
}
