package currentstate

import (
	"cdcpipeline/internal/scan"
	"encoding/json"
	"fmt"
	"strconv"
)

// answer is the part of a bulk answer that this package reads.
type answer struct {
	Items []map[string]*verdict `json:"items"`
}

type verdict struct {
	Status int `json:"status"`
	Error  *struct {
		Type     string `json:"type"`
		Reason   string `json:"reason"`
		CausedBy struct {
			Reason string `json:"reason"`
		} `json:"caused_by"`
	} `json:"error"`
}

// kind returns OpenSearch's error type.
func (v *verdict) kind() string {
	if v.Error == nil {
		return ""
	}
	return v.Error.Type
}

func (v *verdict) reason() string {
	if v.Error == nil {
		return fmt.Sprintf("status %d", v.Status)
	}
	reason := v.Error.Type + ": " + v.Error.Reason
	if v.Error.CausedBy.Reason != "" {
		reason += ": " + v.Error.CausedBy.Reason
	}
	return reason
}

// readVerdicts decodes an answer into one verdict for each document.
func readVerdicts(text []byte) ([]verdict, error) {
	if verdicts, ok := statuses(text); ok {
		return verdicts, nil
	}
	var out answer
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, err //nolint:wrapcheck // its caller says what was read
	}
	verdicts := make([]verdict, 0, len(out.Items))
	for i, item := range out.Items {
		if len(item) != 1 {
			return nil, fmt.Errorf("item %d has %d verdicts", i, len(item))
		}
		for _, v := range item {
			if v == nil {
				return nil, fmt.Errorf("item %d has no verdict", i)
			}
			verdicts = append(verdicts, *v)
		}
	}
	return verdicts, nil
}

// statuses decodes an answer that has only statuses, in one pass: {"items":[{"index":{"status":200}},...]}. Nearly
// all answers are so. It returns false for any other answer, which encoding/json then decodes.
func statuses(text []byte) (verdicts []verdict, ok bool) {
	s, whole := scan.New(text), string(text)
	const shortest = len(`{"index":{"status":200}},`)
	verdicts = make([]verdict, 0, len(text)/shortest+1)
	s.Enter('{')
	if !s.More('}') || !called(&s, whole, "items") {
		return nil, false
	}
	for s.Enter('['); s.More(']'); {
		s.Enter('{')
		if !s.More('}') || !called(&s, whole, "index") {
			return nil, false
		}
		s.Enter('{')
		if !s.More('}') || !called(&s, whole, "status") {
			return nil, false
		}
		status, err := strconv.Atoi(s.Value().Of(whole))
		if err != nil || s.More('}') || s.More('}') { // another member follows, for example an error
			return nil, false
		}
		verdicts = append(verdicts, verdict{Status: status})
	}
	return verdicts, !s.More('}') && s.Done()
}

// called reads a member's name, and reports whether it is the wanted one.
func called(s *scan.Scanner, text, wanted string) bool {
	name, plain := s.Name()
	return plain && name.Of(text) == wanted
}
