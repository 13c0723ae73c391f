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
	// maxRefusal limits how much of an error answer is read, in bytes.
	maxRefusal = 64 << 10
	// maxReason limits how much of it an error repeats.
	maxReason = 500
)

// Error is an answer with a status other than 2xx.
type Error struct {
	Status int
	// Place that answered, such as the domain.
	Place string
	// Hint says what to do; empty when the client has none.
	Hint string
	// Type is OpenSearch's name of the error, such as index_not_found_exception; empty when there is none.
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

// Status is the answer's status; 0 when there was no answer.
func Status(err error) int {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func newError(place string, status int, hint string, answer io.Reader) *Error {
	text, _ := io.ReadAll(io.LimitReader(answer, maxRefusal)) // the readable part is enough
	kind, reason := explain(text)
	return &Error{Status: status, Place: place, Hint: hint, Type: kind, Reason: shorten(reason)}
}

// cause is OpenSearch's error with its own cause.
type cause struct {
	Type     string `json:"type"`
	Reason   string `json:"reason"`
	CausedBy *cause `json:"caused_by"`
}

// explain extracts the reason. OpenSearch returns an error with causes or a sentence; AWS's front end returns a
// message. Any other answer, such as a proxy's page, is returned unchanged.
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

// String contains the outer and the inner reason. The inner one names the problem with a value.
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
	// The service repeats a request whose signature is wrong, including the session's token in its headers.
	reason, _, _ = strings.Cut(reason, "The Canonical String for this request")
	reason = strings.TrimSpace(reason)
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
	}
	return reason
}
