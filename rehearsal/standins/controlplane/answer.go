package controlplane

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Error is an error answer that a hook chooses. Any other error becomes a 400 named RehearsalFailure, which no SDK
// retries: a retry would hide the first reason.
type Error struct {
	Status  int
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Decode parses a JSON request into v.
func (c *Call) Decode(v any) error {
	if err := json.Unmarshal(c.RequestBody, v); err != nil {
		return &Error{Status: http.StatusBadRequest, Code: "SerializationException", Message: fmt.Sprintf("%s: %v", c.Action, err)}
	}
	return nil
}

// Answer makes v, as JSON, the call's answer.
func (c *Call) Answer(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("answering %s: %w", c.Action, err)
	}
	c.Status, c.ResponseBody = status, body
	return nil
}

// Denied is the call's service refusing a caller whom IAM does not allow it; missing is an action, on is an ARN.
//
// Codes and statuses: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html,
// the text: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
func (c *Call) Denied(user, missing, on string) *Error {
	text := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action", user, missing, on, missing)
	switch protocol := protocolOf(c.Request, c.Action); {
	case protocol == protocolEC2:
		return &Error{http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. " + text}
	case protocol != protocolJSON:
		return &Error{http.StatusForbidden, "AccessDenied", text}
	case c.Request.Header.Get("X-Amz-Target") != "":
		return &Error{http.StatusBadRequest, "AccessDeniedException", text}
	}
	return &Error{http.StatusForbidden, "AccessDeniedException", text}
}

func writeAnswer(w http.ResponseWriter, c *Call) {
	status := c.Status
	if status == 0 {
		status = http.StatusOK
	}
	header := w.Header()
	header.Set("Content-Type", contentType(c.Request, c.Action))
	header.Set("X-Amzn-Requestid", requestID)
	for k, v := range c.Header {
		header[k] = v
	}
	write(w, status, c.ResponseBody)
}

// requestID replaces AWS's unique ids.
const requestID = "00000000-0000-0000-0000-000000000000"

// writeError answers in the request's protocol: https://smithy.io/2.0/aws/protocols.
func writeError(w http.ResponseWriter, r *http.Request, a Action, err error) {
	e := &Error{Status: http.StatusBadRequest, Code: "RehearsalFailure", Message: err.Error()}
	if typed := (*Error)(nil); errors.As(err, &typed) {
		e = &Error{Status: typed.Status, Code: typed.Code, Message: typed.Message}
	}
	w.Header().Set("Content-Type", contentType(r, a))
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.Header().Set("X-Amzn-Errortype", e.Code)
	write(w, e.Status, errorBody(r, a, e))
}

func errorBody(r *http.Request, a Action, e *Error) []byte {
	type detail struct {
		Type    string `xml:",omitempty"`
		Code    string
		Message string
	}
	sender := "Sender"
	if e.Status/100 == 5 {
		sender = "Receiver"
	}
	var document any
	switch protocolOf(r, a) {
	case protocolS3:
		document = struct {
			XMLName xml.Name `xml:"Error"`
			detail
			RequestID string `xml:"RequestId"`
		}{detail: detail{Code: e.Code, Message: e.Message}, RequestID: requestID}
	case protocolEC2:
		document = struct {
			XMLName   xml.Name `xml:"Response"`
			Error     detail   `xml:"Errors>Error"`
			RequestID string
		}{Error: detail{Code: e.Code, Message: e.Message}, RequestID: requestID}
	case protocolQuery:
		document = struct {
			XMLName   xml.Name `xml:"ErrorResponse"`
			Error     detail
			RequestID string `xml:"RequestId"`
		}{Error: detail{sender, e.Code, e.Message}, RequestID: requestID}
	case protocolJSON:
		body, err := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message})
		if err != nil {
			return nil
		}
		return body
	}
	body, err := xml.Marshal(document)
	if err != nil {
		return nil
	}
	return append([]byte(xml.Header), body...)
}

type protocol int

const (
	protocolJSON protocol = iota
	protocolQuery
	protocolEC2
	protocolS3
)

func protocolOf(r *http.Request, a Action) protocol {
	_, rest := routes[a.Service]
	switch {
	case a.Service == "s3":
		return protocolS3
	case a.Service == "ec2":
		return protocolEC2
	case r.Header.Get("X-Amz-Target") != "" || rest:
		return protocolJSON
	default:
		return protocolQuery
	}
}

func contentType(r *http.Request, a Action) string {
	switch {
	case protocolOf(r, a) != protocolJSON:
		return "text/xml"
	case r.Header.Get("X-Amz-Target") != "":
		return "application/x-amz-json-1.1"
	default:
		return "application/json"
	}
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have hung up
}
