package erase

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// counted counts the records of an object and those that were dropped.
type counted struct{ records, dropped int }

// form reads an object of records and returns it without the dropped ones. It returns nil if none is left. Kept records
// keep their bytes and their order.
type form func(body []byte, drop func(record []byte) bool) (kept []byte, n counted, err error)

// lines reads objects that a delivery or the function writes: one record a line, as gzip or plain text. Each line may
// be an envelope: [enveloped].
func lines(body []byte, drop func([]byte) bool) ([]byte, counted, error) {
	text, zipped, err := unzipped(body)
	if err != nil {
		return nil, counted{}, err
	}
	var out bytes.Buffer
	var all counted
	left := false
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) == 0 {
			out.Write(line)
			continue
		}
		kept, n, err := enveloped(line, drop)
		if err != nil {
			return nil, all, err
		}
		all.records, all.dropped = all.records+n.records, all.dropped+n.dropped
		if kept != nil {
			left = true
			out.Write(kept)
		}
	}
	if !left {
		return nil, all, nil
	}
	if !zipped {
		return out.Bytes(), all, nil
	}
	var again bytes.Buffer
	w := gzip.NewWriter(&again)
	if _, err := w.Write(out.Bytes()); err != nil {
		return nil, all, fmt.Errorf("compressing: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, all, fmt.Errorf("compressing: %w", err)
	}
	return again.Bytes(), all, nil
}

// unzipped returns the text of a body that may be gzip.
func unzipped(body []byte) (text []byte, zipped bool, err error) {
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return body, false, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err == nil {
		text, err = io.ReadAll(r)
	}
	if err != nil {
		return nil, true, fmt.Errorf("decompressing: %w", err)
	}
	return text, true, nil
}

// These members of a parked line hold the record. The tables' job and the current-state function store text; the
// function stores bytes if the record is not text. Firehose always stores bytes
// (https://docs.aws.amazon.com/firehose/latest/dev/retry.html).
const (
	memberRecord = "record"
	memberBytes  = "bytes"
	memberRaw    = "rawData"
)

// enveloped reads a line that is a record itself, or has one or more records in a member.
func enveloped(line []byte, drop func([]byte) bool) ([]byte, counted, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) == nil && members["metadata"] == nil {
		for _, name := range []string{memberRecord, memberBytes, memberRaw} {
			inside, err := content(name, members[name])
			if err != nil || len(inside) == 0 {
				continue
			}
			var kept []byte
			var n counted
			for record := range bytes.Lines(inside) {
				if len(bytes.TrimSpace(record)) == 0 {
					continue
				}
				if n.records++; drop(bytes.TrimSpace(record)) {
					n.dropped++
					continue
				}
				kept = append(kept, record...)
			}
			switch {
			case n.dropped == 0:
				return line, n, nil
			case len(kept) == 0:
				return nil, n, nil
			}
			if members[name], err = contained(name, kept); err != nil {
				return nil, n, err
			}
			again, err := json.Marshal(members)
			if err != nil {
				return nil, n, fmt.Errorf("writing a parked record: %w", err)
			}
			return append(again, '\n'), n, nil
		}
	}
	if drop(bytes.TrimSpace(line)) {
		return nil, counted{1, 1}, nil
	}
	return line, counted{1, 0}, nil
}

func content(name string, member json.RawMessage) ([]byte, error) {
	if member == nil {
		return nil, nil
	}
	if name == memberRecord {
		var text string
		err := json.Unmarshal(member, &text)
		return []byte(text), err //nolint:wrapcheck // the caller only tests it for nil
	}
	var raw []byte
	err := json.Unmarshal(member, &raw)
	return raw, err //nolint:wrapcheck // the caller only tests it for nil
}

func contained(name string, kept []byte) (member json.RawMessage, err error) {
	if name == memberRecord {
		member, err = json.Marshal(string(kept))
	} else {
		member, err = json.Marshal(kept)
	}
	if err != nil {
		return nil, fmt.Errorf("writing a parked record: %w", err)
	}
	return member, nil
}

// invocation reads an object that Lambda stored because it gave up a batch. The object contains the batch's event as a
// string, https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html.
func invocation(body []byte, drop func([]byte) bool) ([]byte, counted, error) {
	var members, event map[string]json.RawMessage
	var payload string
	var records []json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, counted{}, errors.New("it is not an invocation record of Lambda")
	}
	if members["payload"] == nil {
		return body, counted{}, nil
	}
	if json.Unmarshal(members["payload"], &payload) != nil || json.Unmarshal([]byte(payload), &event) != nil || json.Unmarshal(event["Records"], &records) != nil {
		return nil, counted{}, errors.New("the payload of Lambda's invocation record is not a Kinesis event")
	}
	var n counted
	var kept []json.RawMessage
	for _, record := range records {
		var of struct {
			Kinesis struct {
				Data []byte `json:"data"`
			} `json:"kinesis"`
		}
		if err := json.Unmarshal(record, &of); err != nil {
			return nil, n, errors.New("a record in Lambda's invocation record is not a Kinesis record")
		}
		if n.records++; drop(bytes.TrimSpace(of.Kinesis.Data)) {
			n.dropped++
			continue
		}
		kept = append(kept, record)
	}
	switch {
	case n.dropped == 0:
		return body, n, nil
	case len(kept) == 0:
		return nil, n, nil
	}
	again, err := nested(members, event, kept)
	return again, n, err
}

// nested puts records into an event, and the event as a string into the object that Lambda stored.
func nested(members, event map[string]json.RawMessage, records []json.RawMessage) ([]byte, error) {
	var err error
	var payload []byte
	if event["Records"], err = json.Marshal(records); err == nil {
		if payload, err = json.Marshal(event); err == nil {
			members["payload"], err = json.Marshal(string(payload))
		}
	}
	var again []byte
	if err == nil {
		again, err = json.Marshal(members)
	}
	if err != nil {
		return nil, fmt.Errorf("writing an invocation record: %w", err)
	}
	return again, nil
}
