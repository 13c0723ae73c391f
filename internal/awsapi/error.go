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

// Error is a service's error answer. Like the errors of the SDK's clients it is a smithy.APIError.
type Error struct {
	// Service is the signing name. Together with Action it is IAM's name of the action.
	Service, Action string
	Status          int
	Code, Message   string
}

// Error names the call and the service's message.
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

// HTTPStatusCode is used by the SDK's retries.
func (e *Error) HTTPStatusCode() int { return e.Status }

// refusal decodes an error answer in any of the protocols' forms.
func refusal(service, action string, response *http.Response, content []byte) error {
	e := &Error{Service: service, Action: action, Status: response.StatusCode}
	var inXML struct {
		Query struct{ Code, Message string } `xml:"Error"`
		EC2   struct{ Code, Message string } `xml:"Errors>Error"`
	}
	var inJSON struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // also Message: JSON names match in any case
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

// denials are the codes with which services report that IAM does not allow a call. The last one is for an answer
// without a body.
var denials = []string{"AccessDenied", "AccessDeniedException", "AccessDeniedFault", "UnauthorizedOperation", "NotAuthorized", "Forbidden"}

// Denied reports whether a call failed because its caller may not make it. It also recognises the errors of the SDK's
// clients.
func Denied(err error) bool { return Is(err, denials...) }

// Is reports whether a service refused a call with one of these codes. It also recognises the errors of the SDK's
// clients.
func Is(err error, codes ...string) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && slices.Contains(codes, refused.ErrorCode())
}
