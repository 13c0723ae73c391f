package bench

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
)

// document is a document of a bulk request: its id, its external version and its source.
type document struct {
	id      string
	version int64
	source  []byte
}

// documents splits the lines of the function's bulk requests into documents.
func documents(lines []byte) ([]document, error) {
	var all []document
	for len(lines) > 0 {
		action, rest, _ := bytes.Cut(lines, []byte("\n"))
		source, rest, found := bytes.Cut(rest, []byte("\n"))
		var a struct {
			Index struct {
				ID      string `json:"_id"`
				Version int64  `json:"version"`
			} `json:"index"`
		}
		if err := json.Unmarshal(action, &a); err != nil || !found {
			return nil, errors.Join(fmt.Errorf("%.100q is no action of a bulk request", action), err)
		}
		all, lines = append(all, document{a.Index.ID, a.Index.Version, source}), rest
	}
	return all, nil
}

// Request tells how the baseline sends documents.
type Request struct {
	// Documents is the number of documents in one request.
	Documents int `json:"documents"`
	// Gzip compresses a request at the function's level.
	Gzip bool `json:"gzip"`
	// Versions sends versions, as the function does.
	Versions bool `json:"versions"`
}

// String formats the request for reports.
func (r Request) String() string {
	if r.Gzip {
		return fmt.Sprintf("%d documents, gzip", r.Documents)
	}
	return fmt.Sprintf("%d documents", r.Documents)
}

// bodies prepares the requests for all documents. The index is in the URL's path, so the bodies are as short as
// possible.
func (r Request) bodies(all []document) ([][]byte, error) {
	var bodies [][]byte
	for len(all) > 0 {
		n := min(r.Documents, len(all))
		var body bytes.Buffer
		for _, d := range all[:n] {
			version := ""
			if r.Versions {
				version = fmt.Sprintf(`,"version":%d,"version_type":"external_gte"`, d.version)
			}
			fmt.Fprintf(&body, "{\"index\":{\"_id\":%q%s}}\n%s\n", d.id, version, d.source)
		}
		content := body.Bytes()
		if r.Gzip {
			var err error
			if content, err = compressed(content); err != nil {
				return nil, err
			}
		}
		bodies, all = append(bodies, content), all[n:]
	}
	return bodies, nil
}

func compressed(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compressing a request: %w", err)
	}
	if _, err := w.Write(content); err != nil {
		return nil, fmt.Errorf("compressing a request: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing a request: %w", err)
	}
	return out.Bytes(), nil
}

// rawIndex is the index of all contenders except the function.
const rawIndex = "raw"
