package currentstate

import (
	"bufio"
	"bytes"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

type bulkAction struct {
	Index       string `json:"_index"`
	ID          string `json:"_id"`
	Version     int64  `json:"version"`
	VersionType string `json:"version_type"`
	SeqNo       *int64 `json:"if_seq_no"`
}

func (d *domain) bulk(r opensearchtest.Request) (int, any) {
	lines := bufio.NewScanner(bytes.NewReader(r.Content))
	lines.Buffer(nil, 64<<20)
	var items []object
	for lines.Scan() {
		var action map[string]bulkAction
		if json.Unmarshal(lines.Bytes(), &action) != nil {
			return 400, object{"error": "malformed action"}
		}
		for _, a := range action {
			if d.collection && (a.SeqNo != nil || a.VersionType != "external") {
				return 400, object{"error": object{"type": "not_of_collections", "reason": lines.Text()}}
			}
		}
		if a, removing := action["delete"]; removing {
			items = append(items, object{"delete": object{"status": d.remove(a)}})
			continue
		}
		a, indexing := action["index"]
		if !indexing || !lines.Scan() {
			return 400, object{"error": "malformed action"}
		}
		status, kind, reason := d.index(r.URL.Query().Get("require_alias") == "true", a, bytes.Clone(lines.Bytes()))
		item := object{"status": status}
		if status/100 != 2 {
			item["error"] = object{"type": kind, "reason": reason}
		}
		items = append(items, object{"index": item})
	}
	d.bulks, d.sizes = append(d.bulks, len(items)), append(d.sizes, len(r.Content))
	return 200, object{"items": items}
}

// index writes a document like OpenSearch 2.19.4, with its error types.
func (d *domain) index(onlyAlias bool, a bulkAction, source []byte) (status int, kind, reason string) {
	switch d.ask("document") {
	case faultBusy:
		return 429, "rejected_execution_exception", "rejected"
	case faultBroken:
		return 503, "unavailable_shards_exception", "primary shard is not active"
	}
	if len(d.aliases[a.Index]) > 1 {
		return 400, "illegal_argument_exception", "no write index is defined for alias [" + a.Index + "]"
	}
	for name := range d.aliases[a.Index] {
		a.Index, onlyAlias = name, false
	}
	if onlyAlias {
		return 404, "index_not_found_exception", "is not an alias"
	}
	if out, ok := d.out[a.Index]; ok {
		return out.status, out.kind, out.kind
	}
	x := d.indices[a.Index]
	if x == nil { // the template applies, as in OpenSearch
		x = &index{docs: map[string]*doc{}, fields: map[string]any{}}
		if d.collection {
			x.dynamic, _ = Closed()["dynamic"].(string)
		}
		d.indices[a.Index] = x
	}
	if x.dynamic == "strict" {
		return 400, "strict_dynamic_mapping_exception", "mapping set to strict, dynamic introduction of [" + control + "] within [_doc] is not allowed"
	}
	var s map[string]any
	if json.Unmarshal(source, &s) != nil {
		return 400, "mapper_parsing_exception", "failed to parse"
	}
	if d.refuse != nil {
		if kind, reason, refused := strings.Cut(d.refuse(s), ": "); refused {
			return 400, kind, reason
		}
	}
	if had := x.docs[a.ID]; had != nil {
		forgotten := !had.deleted.IsZero() && d.now().Sub(had.deleted) > time.Minute
		if !forgotten && (a.Version < had.version || a.Version == had.version && a.VersionType == "external") {
			return 409, "version_conflict_engine_exception", "version conflict"
		}
	}
	d.seqNo++
	x.docs[a.ID] = &doc{version: a.Version, seqNo: d.seqNo, source: source}
	return 200, "", ""
}

// unseen is how long a search still finds a deleted document, because it sees deletions only after a refresh.
const unseen = time.Second

// sweepSearch finds tombstones, the oldest first.
func (d *domain) sweepSearch(name string, content []byte) (int, any) {
	var asked struct {
		Size    int     `json:"size"`
		After   []int64 `json:"search_after"`
		Version bool    `json:"version"`
		SeqNo   bool    `json:"seq_no_primary_term"`
	}
	text := string(content)
	_, before, _ := strings.Cut(text, `"lt":"`)
	before, _, _ = strings.Cut(before, `"`)
	limit, err := time.Parse(time.RFC3339Nano, before)
	if err != nil || json.Unmarshal(content, &asked) != nil || !strings.Contains(text, `"_cdc.deleted":true`) ||
		!strings.Contains(text, `"sort":[{"_cdc.indexed":{"order":"asc","unmapped_type":"date"}}]`) {
		return 400, object{"error": "query"}
	}
	var hits []object
	if x := d.indices[name]; x != nil {
		for id, had := range x.docs {
			at := indexedAt(had.source)
			gone := !had.deleted.IsZero() && d.now().Sub(had.deleted) >= unseen
			if gone || !isTombstone(had.source) || !at.Before(limit) || len(asked.After) > 0 && at.UnixMilli() <= asked.After[0] {
				continue
			}
			hit := object{"_id": id, "sort": []int64{at.UnixMilli()}}
			if asked.Version {
				hit["_version"] = cmp.Or(had.was, had.version)
			}
			if asked.SeqNo {
				hit["_seq_no"], hit["_primary_term"] = had.seqNo, 1
			}
			hits = append(hits, hit)
		}
	}
	slices.SortFunc(hits, func(a, b object) int { return slices.Compare(a["sort"].([]int64), b["sort"].([]int64)) })
	return 200, object{"hits": object{"hits": hits[:min(len(hits), asked.Size)]}}
}

// remove deletes a document on a condition. Its version becomes one greater, or the given one. OpenSearch forgets
// the version after a minute.
func (d *domain) remove(a bulkAction) int {
	x := d.indices[a.Index]
	if x == nil || x.docs[a.ID] == nil {
		return 404
	}
	had := x.docs[a.ID]
	version := had.version + 1
	switch {
	case a.SeqNo != nil && (had.seqNo != *a.SeqNo || !had.deleted.IsZero()):
		return 409
	case a.SeqNo == nil && a.Version <= had.version:
		return 409
	case a.SeqNo == nil:
		version = a.Version
	}
	d.seqNo++
	had.deleted, had.was, had.version, had.seqNo = d.now(), had.version, version, d.seqNo
	return 200
}

func isTombstone(source []byte) bool { return cdcOf(source)["deleted"] == true }

func indexedAt(source []byte) time.Time {
	text, _ := cdcOf(source)["indexed"].(string)
	at, _ := time.Parse(time.RFC3339Nano, text)
	return at
}

func cdcOf(source []byte) map[string]any {
	var s map[string]any
	_ = json.Unmarshal(source, &s)
	cdc, _ := s[control].(map[string]any)
	return cdc
}
