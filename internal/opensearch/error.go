package opensearch

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// maxRefusal is how much of a refusal is read to find its reason, in bytes.
	maxRefusal = 64 << 10
	// maxReason is how much of it an error repeats.
	maxReason = 500
)

// Error is an answer other than 2xx.
type Error struct {
	Status int
	// Place that answered: the domain.
	Place string
	// Hint is what to do about it; empty when the client has none.
	Hint string
	// Type that OpenSearch gives the error, index_not_found_exception for instance; empty when it gives none.
	Type string
	// Reason in OpenSearch's words, shortened.
	Reason string
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s answered %d", cmp.Or(e.Place, "the domain"), e.Status)
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Status of the answer that is the error; 0 when there was no answer.
func Status(err error) int {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func newError(place string, status int, hint string, answer io.Reader) *Error {
	text, _ := io.ReadAll(io.LimitReader(answer, maxRefusal)) // what could be read says enough
	kind, reason := explain(text)
	return &Error{Status: status, Place: place, Hint: hint, Type: kind, Reason: shorten(reason)}
}

// cause is OpenSearch's error, and what it was caused by.
type cause struct {
	Type     string `json:"type"`
	Reason   string `json:"reason"`
	CausedBy *cause `json:"caused_by"`
}

// explain an answer: OpenSearch has an error with its causes or in one sentence, what AWS puts in front of it has a
// message. Anything else, a proxy's page for instance, is as it came.
func explain(answer []byte) (kind, reason string) {
	var shape struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(answer, &shape) != nil {
		return "", string(answer)
	}
	var of cause
	var sentence string
	switch {
	case json.Unmarshal(shape.Error, &of) == nil && of.Type != "":
		return of.Type, of.String()
	case json.Unmarshal(shape.Error, &sentence) == nil && sentence != "":
		return "", sentence
	case shape.Message != "":
		return "", shape.Message
	}
	return "", string(answer)
}

// String has the outer and the inner reason, as the inner one says what is wrong with a value.
func (c *cause) String() string {
	text := c.Type
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	if c.CausedBy != nil && c.CausedBy.Reason != "" {
		text += ": " + c.CausedBy.Reason
	}
	return text
}

func shorten(reason string) string {
	// The service repeats a request whose signature is wrong, with the session's token among its headers.
	reason, _, _ = strings.Cut(reason, "The Canonical String for this request")
	reason = strings.TrimSpace(reason)
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
	}
	return reason
}
