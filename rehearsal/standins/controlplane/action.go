package controlplane

import (
	"compress/gzip"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Action is an API operation: the signing name of the service (es, rds, dms, kinesis, firehose, lambda, sts, s3 …)
// and the operation's name. A REST operation that is missing in the route table has no name.
type Action struct{ Service, Name string }

func (a Action) String() string { return a.Service + ":" + a.Name }

// Credential returns the access key and the service in a request's SigV4 signature, in its header or its query; empty
// when unsigned.
func Credential(r *http.Request) (accessKeyID, service string) {
	key, _, service := scope(r)
	return key, service
}

// Region is the region of a call's signature; empty when unsigned.
func (c *Call) Region() string {
	_, region, _ := scope(c.Request)
	return region
}

func scope(r *http.Request) (accessKeyID, region, service string) {
	credential := ""
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		credential, _, _ = strings.Cut(rest, ",")
	} else {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.Split(credential, "/") // key/date/region/service/aws4_request
	if len(parts) != 5 {
		return "", "", ""
	}
	return parts[0], parts[2], parts[3]
}

// identify names a request's action. It reads a form's Action and restores the body; a compressed request is restored
// decompressed.
func identify(r *http.Request) (Action, error) {
	if err := unpack(r); err != nil {
		return Action{}, err
	}
	_, service := Credential(r)
	action := Action{Service: service}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		action.Name = target[strings.LastIndex(target, ".")+1:]
		return action, nil
	}
	if _, operation, ok := strings.Cut(r.URL.Path, "/operation/"); ok && r.Header.Get("Smithy-Protocol") != "" {
		action.Name = operation
		return action, nil
	}
	if name := r.URL.Query().Get("Action"); name != "" {
		action.Name = name
		return action, nil
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && media == "application/x-www-form-urlencoded" && r.Method == http.MethodPost {
		form, err := peekForm(r)
		if err != nil {
			return action, err
		}
		if name := form.Get("Action"); name != "" {
			action.Name = name
			return action, nil
		}
	}
	action.Name = restName(service, r)
	return action, nil
}

// unpack decompresses a body that the SDK compressed. The SDK compresses PutMetricData from 10 KB on
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html). unpack leaves S3 objects unchanged.
func unpack(r *http.Request) error {
	if _, service := Credential(r); service == "s3" || r.Header.Get("Content-Encoding") != "gzip" {
		return nil
	}
	packed, err := gzip.NewReader(r.Body)
	if err != nil {
		return &Error{Status: http.StatusBadRequest, Code: "SerializationException", Message: "the body is not gzip: " + err.Error()}
	}
	body, err := io.ReadAll(packed)
	if err != nil {
		return &Error{Status: http.StatusBadRequest, Code: "SerializationException", Message: "the body is not gzip: " + err.Error()}
	}
	r.Header.Del("Content-Encoding")
	setBody(r, body)
	return nil
}

func peekForm(r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	setBody(r, body)
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Code: "MalformedQueryString", Message: err.Error()}
	}
	return form, nil
}

// routes has the paths of services with a REST API:
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html,
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html and
// https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_Operations.html.
var routes = map[string]map[string]string{
	"lambda": {
		"POST /2015-03-31/functions":                                 "CreateFunction",
		"GET /2015-03-31/functions":                                  "ListFunctions",
		"GET /2015-03-31/functions/{name}":                           "GetFunction",
		"DELETE /2015-03-31/functions/{name}":                        "DeleteFunction",
		"GET /2015-03-31/functions/{name}/configuration":             "GetFunctionConfiguration",
		"PUT /2015-03-31/functions/{name}/configuration":             "UpdateFunctionConfiguration",
		"PUT /2015-03-31/functions/{name}/code":                      "UpdateFunctionCode",
		"GET /2015-03-31/functions/{name}/versions":                  "ListVersionsByFunction",
		"POST /2015-03-31/functions/{name}/versions":                 "PublishVersion",
		"GET /2015-03-31/functions/{name}/policy":                    "GetPolicy",
		"POST /2015-03-31/functions/{name}/policy":                   "AddPermission",
		"DELETE /2015-03-31/functions/{name}/policy/{statement}":     "RemovePermission",
		"POST /2015-03-31/functions/{name}/invocations":              "Invoke",
		"PUT /2017-10-31/functions/{name}/concurrency":               "PutFunctionConcurrency",
		"DELETE /2017-10-31/functions/{name}/concurrency":            "DeleteFunctionConcurrency",
		"GET /2019-09-30/functions/{name}/concurrency":               "GetFunctionConcurrency",
		"GET /2020-06-30/functions/{name}/code-signing-config":       "GetFunctionCodeSigningConfig",
		"GET /2021-07-20/functions/{name}/runtime-management-config": "GetRuntimeManagementConfig",
		"GET /2024-08-31/functions/{name}/recursion-config":          "GetFunctionRecursionConfig",
		"POST /2015-03-31/event-source-mappings":                     "CreateEventSourceMapping",
		"GET /2015-03-31/event-source-mappings":                      "ListEventSourceMappings",
		"GET /2015-03-31/event-source-mappings/{id}":                 "GetEventSourceMapping",
		"PUT /2015-03-31/event-source-mappings/{id}":                 "UpdateEventSourceMapping",
		"DELETE /2015-03-31/event-source-mappings/{id}":              "DeleteEventSourceMapping",
		"GET /2016-08-19/account-settings":                           "GetAccountSettings",
		"GET /2017-03-31/tags/{arn}":                                 "ListTags",
		"POST /2017-03-31/tags/{arn}":                                "TagResource",
		"DELETE /2017-03-31/tags/{arn}":                              "UntagResource",
	},
	"scheduler": {
		"POST /schedules/{name}":      "CreateSchedule",
		"GET /schedules/{name}":       "GetSchedule",
		"PUT /schedules/{name}":       "UpdateSchedule",
		"DELETE /schedules/{name}":    "DeleteSchedule",
		"GET /schedules":              "ListSchedules",
		"GET /schedule-groups/{name}": "GetScheduleGroup",
		"GET /tags/{arn}":             "ListTagsForResource",
		"POST /tags/{arn}":            "TagResource",
		"DELETE /tags/{arn}":          "UntagResource",
	},
	"es": {
		"POST /2021-01-01/opensearch/domain":                       "CreateDomain",
		"GET /2021-01-01/opensearch/domain/{name}":                 "DescribeDomain",
		"DELETE /2021-01-01/opensearch/domain/{name}":              "DeleteDomain",
		"GET /2021-01-01/opensearch/domain/{name}/config":          "DescribeDomainConfig",
		"POST /2021-01-01/opensearch/domain/{name}/config":         "UpdateDomainConfig",
		"GET /2021-01-01/opensearch/domain/{name}/progress":        "DescribeDomainChangeProgress",
		"GET /2021-01-01/opensearch/domain/{name}/autoTunes":       "DescribeDomainAutoTunes",
		"POST /2021-01-01/opensearch/domain-info":                  "DescribeDomains",
		"POST /2021-01-01/opensearch/upgradeDomain":                "UpgradeDomain",
		"GET /2021-01-01/opensearch/upgradeDomain/{name}/status":   "GetUpgradeStatus",
		"GET /2021-01-01/opensearch/compatibleVersions":            "GetCompatibleVersions",
		"GET /2021-01-01/opensearch/versions":                      "ListVersions",
		"GET /2021-01-01/opensearch/instanceTypeDetails/{version}": "ListInstanceTypeDetails",
		"POST /2021-01-01/opensearch/serviceSoftwareUpdate/start":  "StartServiceSoftwareUpdate",
		"GET /2021-01-01/domain":                                   "ListDomainNames",
		"GET /2021-01-01/tags":                                     "ListTags",
		"POST /2021-01-01/tags":                                    "AddTags",
		"POST /2021-01-01/tags-removal":                            "RemoveTags",
	},
}

var muxes = func() map[string]*http.ServeMux {
	all := map[string]*http.ServeMux{}
	for service, table := range routes {
		mux := http.NewServeMux()
		for pattern := range table {
			mux.Handle(pattern, http.NotFoundHandler())
		}
		all[service] = mux
	}
	return all
}()

func restName(service string, r *http.Request) string {
	if service == "s3" {
		return s3Name(r)
	}
	return routes[service][route(service, r)]
}

// route is the matching pattern in a service's route table; empty when none matches.
func route(service string, r *http.Request) string {
	mux, ok := muxes[service]
	if !ok {
		return ""
	}
	trimmed := r.Clone(r.Context())
	trimmed.URL.Path = strings.TrimSuffix(r.URL.Path, "/")
	trimmed.URL.RawPath = strings.TrimSuffix(r.URL.RawPath, "/")
	_, pattern := mux.Handler(trimmed)
	return pattern
}

// s3Name resembles S3's operation names enough for counting; no hook needs it.
func s3Name(r *http.Request) string {
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodHead: "Head", http.MethodDelete: "Delete", http.MethodPost: "Post"}[r.Method]
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	noun := "Bucket"
	if key != "" {
		noun = "Object"
	}
	for _, sub := range []struct{ query, name string }{
		{"policy", "Policy"},
		{"policyStatus", "PolicyStatus"},
		{"acl", "Acl"},
		{"tagging", "Tagging"},
		{"versioning", "Versioning"},
		{"encryption", "Encryption"},
		{"lifecycle", "LifecycleConfiguration"},
		{"publicAccessBlock", "PublicAccessBlock"},
		{"ownershipControls", "OwnershipControls"},
		{"versions", "Versions"},
		{"location", "Location"},
		{"logging", "Logging"},
		{"notification", "Notification"},
		{"website", "Website"},
		{"cors", "Cors"},
		{"replication", "Replication"},
		{"accelerate", "AccelerateConfiguration"},
		{"requestPayment", "RequestPayment"},
		{"object-lock", "ObjectLockConfiguration"},
		{"uploads", "MultipartUploads"},
		{"uploadId", "MultipartUpload"},
		{"delete", "DeleteMany"},
	} {
		if query.Has(sub.query) {
			return verb + noun + sub.name
		}
	}
	switch {
	case r.URL.Path == "/":
		return "ListBuckets"
	case key == "" && r.Method == http.MethodGet:
		return "ListObjects"
	case key == "" && r.Method == http.MethodPut:
		return "CreateBucket"
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyObject"
	case key != "" && r.Method == http.MethodGet && query.Has("versionId"):
		return "GetObjectVersion" // IAM uses this name too
	default:
		return verb + noun
	}
}
