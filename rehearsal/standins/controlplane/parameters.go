package controlplane

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Parameter is a text in a request, by its path: KinesisSettings.ServiceAccessRoleArn, Tags.member.1.Key, or the
// {name} of a route.
type Parameter struct{ Path, Value string }

// Parameters lists the texts in a request's path, query and body, in a fixed order. For S3 these are Bucket and Key,
// as in its API, and the query; S3's bodies are not parsed.
func (c *Call) Parameters() ([]Parameter, error) {
	found := pathParameters(c.Service, c.Request)
	found = append(found, formParameters(c.Request.URL.Query())...)
	switch protocolOf(c.Request, c.Action) {
	case protocolS3:
		return found, nil
	case protocolJSON:
		if len(bytes.TrimSpace(c.RequestBody)) == 0 {
			return found, nil
		}
		var body any
		if err := c.Decode(&body); err != nil {
			return nil, err
		}
		return jsonParameters(found, "", body), nil
	case protocolQuery, protocolEC2:
		if media, _, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
			return found, nil
		}
		form, err := url.ParseQuery(string(c.RequestBody))
		if err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Code: "MalformedQueryString", Message: err.Error()}
		}
		return append(found, formParameters(form)...), nil
	}
	return found, nil
}

// pathParameters are the values of a route's {…}.
func pathParameters(service string, r *http.Request) []Parameter {
	if service == "s3" {
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		return slices.DeleteFunc([]Parameter{{"Bucket", bucket}, {"Key", key}}, func(p Parameter) bool { return p.Value == "" })
	}
	_, template, _ := strings.Cut(route(service, r), " ")
	values := strings.Split(r.URL.EscapedPath(), "/")
	var found []Parameter
	for i, segment := range strings.Split(template, "/") {
		if !strings.HasPrefix(segment, "{") || i >= len(values) {
			continue
		}
		if value, err := url.PathUnescape(values[i]); err == nil {
			found = append(found, Parameter{strings.Trim(segment, "{}"), value})
		}
	}
	return found
}

func formParameters(form url.Values) []Parameter {
	var found []Parameter
	for path, values := range form {
		for _, value := range values {
			found = append(found, Parameter{path, value})
		}
	}
	return found
}

func jsonParameters(found []Parameter, path string, value any) []Parameter {
	below := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			found = jsonParameters(found, below(name), inner)
		}
	case []any:
		for i, inner := range v {
			found = jsonParameters(found, below(strconv.Itoa(i)), inner)
		}
	case string, float64, bool:
		found = append(found, Parameter{path, fmt.Sprint(v)})
	}
	return found
}
