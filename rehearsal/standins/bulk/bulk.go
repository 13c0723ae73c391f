// Package bulk splits bulk requests, so that an endpoint can answer for some of the documents itself, and merges the
// answers. https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
package bulk

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Action is one document's part of a bulk request.
type Action struct {
	// Operation is index, create, update or delete.
	Operation string
	// Index and ID are empty when the line names none.
	Index, ID string
	// Metadata holds all names in the line, including _index and _id.
	Metadata map[string]json.RawMessage
	// Lines are the request's lines, with their ends.
	Lines []byte
	// Refused is the answer for a document that the node does not receive; nil for others.
	Refused *Refusal
}

// Refusal is the error for a document.
type Refusal struct {
	Status       int
	Type, Reason string
}

// Is reports whether a request is a bulk request.
func Is(r *http.Request) bool {
	return (r.Method == http.MethodPost || r.Method == http.MethodPut) && strings.HasSuffix(r.URL.Path, "/_bulk")
}

// Parse reads the actions of a body in order.
func Parse(header http.Header, body []byte) ([]Action, error) {
	body, err := Unpacked(header, body)
	if err != nil {
		return nil, err
	}
	var actions []Action
	for len(body) > 0 {
		first, rest, _ := bytes.Cut(body, []byte("\n"))
		one, err := parse(first)
		if err != nil {
			return nil, err
		}
		if one.Operation != "delete" {
			_, rest, _ = bytes.Cut(rest, []byte("\n"))
		}
		one.Lines, body = body[:len(body)-len(rest)], rest
		actions = append(actions, one)
	}
	return actions, nil
}

// Unpacked is a request's decompressed body.
func Unpacked(header http.Header, body []byte) ([]byte, error) {
	if header.Get("Content-Encoding") != "gzip" {
		return body, nil
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("reading a compressed request: %w", err)
	}
	if body, err = io.ReadAll(unzipped); err != nil {
		return nil, fmt.Errorf("reading a compressed request: %w", err)
	}
	return body, nil
}

func parse(line []byte) (Action, error) {
	var action map[string]map[string]json.RawMessage
	if err := json.Unmarshal(line, &action); err != nil || len(action) != 1 {
		return Action{}, errors.Join(errors.New("a line is no action"), err)
	}
	one := Action{}
	for operation, metadata := range action {
		one.Operation, one.Metadata = operation, metadata
	}
	for name, to := range map[string]*string{"_index": &one.Index, "_id": &one.ID} {
		if value, ok := one.Metadata[name]; ok {
			_ = json.Unmarshal(value, to) // the node reports what is wrong with it
		}
	}
	return one, nil
}

// Refused counts the refused documents.
func Refused(actions []Action) int64 {
	n := int64(0)
	for _, a := range actions {
		if a.Refused != nil {
			n++
		}
	}
	return n
}

// Kept is the body with the remaining actions.
func Kept(actions []Action) []byte {
	var kept []byte
	for _, a := range actions {
		if a.Refused == nil {
			kept = append(kept, a.Lines...)
		}
	}
	return kept
}

// Nothing is the answer when no action remains, because a node would call the empty request invalid.
func Nothing(r *http.Request) []byte {
	if r.URL.Query().Has("filter_path") {
		return []byte(`{"items":[]}`)
	}
	return []byte(`{"took":0,"errors":true,"items":[]}`)
}

// Merged is the node's answer, with the answers for refused documents inserted at their positions.
func Merged(actions []Action, answered []byte) ([]byte, error) {
	var content map[string]json.RawMessage
	var items []json.RawMessage
	if err := json.Unmarshal(answered, &content); err != nil {
		return nil, fmt.Errorf("the node's answer is not JSON: %w", err)
	}
	if list, ok := content["items"]; ok {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, fmt.Errorf("the node's items are no list: %w", err)
		}
	}
	all := make([]any, 0, len(actions))
	for _, a := range actions {
		switch {
		case a.Refused != nil:
			all = append(all, map[string]any{a.Operation: map[string]any{
				"_index": a.Index, "_id": a.ID, "status": a.Refused.Status,
				"error": map[string]any{"type": a.Refused.Type, "reason": a.Refused.Reason},
			}})
		case len(items) == 0:
			return nil, errors.New("the node did not answer for every document that it got")
		default:
			all, items = append(all, items[0]), items[1:]
		}
	}
	if len(items) > 0 {
		return nil, errors.New("the node answered for more documents than it got")
	}
	list, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("writing the items: %w", err)
	}
	content["items"] = list
	if _, ok := content["errors"]; ok && Refused(actions) > 0 { // filter_path may have removed it
		content["errors"] = json.RawMessage("true")
	}
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("writing the answer: %w", err)
	}
	return text, nil
}
