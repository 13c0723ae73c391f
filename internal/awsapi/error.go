package awsapi

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

var errNoCredentials = errors.New("the configuration has none")

// Error is a service's refusal of a call. It is a smithy.APIError, as the errors of the SDK's clients are.
type Error struct {
	// Service as requests are signed for it, and Action: together what IAM calls the action.
	Service, Action string
	Status          int
	Code, Message   string
}

// Error says what was called and what the service said.
func (e *Error) Error() string {
	return fmt.Sprintf("calling %s:%s: %s: %s", e.Service, e.Action, e.Code, e.Message)
}

// ErrorCode implements smithy.APIError.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage implements smithy.APIError.
func (e *Error) ErrorMessage() string { return e.Message }

// ErrorFault implements smithy.APIError.
func (e *Error) ErrorFault() smithy.ErrorFault {
	if e.Status >= http.StatusInternalServerError {
		return smithy.FaultServer
	}
	return smithy.FaultClient
}

// HTTPStatusCode is what the SDK's retries ask for.
func (e *Error) HTTPStatusCode() int { return e.Status }

// refusal reads a refusal in any of the protocols' forms.
func refusal(service, action string, response *http.Response, content []byte) error {
	e := &Error{Service: service, Action: action, Status: response.StatusCode}
	var inXML struct {
		Query struct{ Code, Message string } `xml:"Error"`
		EC2   struct{ Code, Message string } `xml:"Errors>Error"`
	}
	var inJSON struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // also Message: names are read in any case
	}
	switch {
	case xml.Unmarshal(content, &inXML) == nil && inXML.Query.Code+inXML.EC2.Code != "":
		e.Code, e.Message = inXML.Query.Code+inXML.EC2.Code, inXML.Query.Message+inXML.EC2.Message
	case json.Unmarshal(content, &inJSON) == nil:
		e.Message = inJSON.Message
		for _, code := range []string{response.Header.Get("X-Amzn-Errortype"), inJSON.Type, inJSON.Code} {
			if e.Code == "" { // "ns#Code" and "Code:https://…" are both in use
				code, _, _ = strings.Cut(code, ":")
				e.Code = code[strings.LastIndex(code, "#")+1:]
			}
		}
	}
	if e.Code == "" {
		e.Code, e.Message = response.Status, strings.TrimSpace(string(content[:min(len(content), 300)]))
	}
	return e
}

// denials are the codes by which services say that IAM does not allow a call; the last is that of an answer without a body.
var denials = []string{"AccessDenied", "AccessDeniedException", "AccessDeniedFault", "UnauthorizedOperation", "NotAuthorized", "Forbidden"}

// Denied says that a call was refused because its caller may not make it. It knows the errors of the SDK's clients too.
func Denied(err error) bool { return Is(err, denials...) }

// Is says that a service refused a call with one of these codes. It knows the errors of the SDK's clients too.
func Is(err error, codes ...string) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && slices.Contains(codes, refused.ErrorCode())
}
