// Package awsapi calls single actions of AWS services through their own protocols, with the SDK's signer and error
// classification. Use it for services of which you need a few answers. The SDK's clients for them have hundreds of
// actions and take minutes to compile (EC2's has over 700 and needs 2.5 GB of memory).
package awsapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Service describes a service's addresses and protocol.
type Service struct {
	// ID is the SDK's name of the service. Configured endpoints are looked up by it.
	ID string
	// Signs is the service name for signing requests. It is also the first part of the service's addresses and IAM
	// actions.
	Signs string
	// Version is the API version for the query protocol. For JSON it is the protocol version when that is not 1.1.
	Version string
	// Target is the prefix of an action's name in the JSON protocol.
	Target string
	// Global services have one address for all regions.
	Global bool
}

// The services called here. Versions and targets come from their API references.
var (
	EC2           = Service{ID: "EC2", Signs: "ec2", Version: "2016-11-15"}
	RDS           = Service{ID: "RDS", Signs: "rds", Version: "2014-10-31"}
	IAM           = Service{ID: "IAM", Signs: "iam", Version: "2010-05-08", Global: true}
	OpenSearch    = Service{ID: "OpenSearch", Signs: "es"}
	Firehose      = Service{ID: "Firehose", Signs: "firehose", Target: "Firehose_20150804"}
	ServiceQuotas = Service{ID: "Service Quotas", Signs: "servicequotas", Target: "ServiceQuotasV20190624"}
	KMS           = Service{ID: "KMS", Signs: "kms", Target: "TrentService"}
	Glue          = Service{ID: "Glue", Signs: "glue", Target: "AWSGlue"}
	Athena        = Service{ID: "Athena", Signs: "athena", Target: "AmazonAthena"}
	Serverless    = Service{ID: "OpenSearchServerless", Signs: "aoss", Target: "OpenSearchServerless", Version: "1.0"}
	Logs          = Service{ID: "CloudWatch Logs", Signs: "logs", Target: "Logs_20140328"}
)

// Client calls one service.
type Client struct {
	config  aws.Config
	service Service
}

// New returns a client of a service with the region, credentials, endpoints and retries of a configuration.
func New(config aws.Config, service Service) *Client { return &Client{config, service} }

// Query calls an action through the query protocol (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, or
// EC2's variant of it), and decodes the answer into a struct with xml tags; nil ignores it.
func (c *Client) Query(ctx context.Context, action string, parameters url.Values, answer any) error {
	form := url.Values{"Action": {action}, "Version": {c.service.Version}}
	for name, value := range parameters {
		form[name] = value
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	content, err := c.send(ctx, call{action, http.MethodPost, "/", []byte(form.Encode()), header})
	if err != nil || answer == nil {
		return err
	}
	if err := xml.Unmarshal(content, answer); err != nil {
		return c.unreadable(action, err)
	}
	return nil
}

// JSON calls an action through the JSON protocol, https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html, or
// 1.0, and decodes the answer into a value with json tags.
func (c *Client) JSON(ctx context.Context, action string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("writing the request of %s:%s: %w", c.service.Signs, action, err)
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-" + cmp.Or(c.service.Version, "1.1")}, "X-Amz-Target": {c.service.Target + "." + action}}
	content, err := c.send(ctx, call{action, http.MethodPost, "/", body, header})
	if err != nil {
		return err
	}
	return c.decode(action, content, answer)
}

// Get calls an action that has its own path and answers in JSON,
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html.
func (c *Client) Get(ctx context.Context, action, path string, query url.Values, answer any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	content, err := c.send(ctx, call{action, http.MethodGet, path, nil, http.Header{}})
	if err != nil {
		return err
	}
	return c.decode(action, content, answer)
}

func (c *Client) decode(action string, content []byte, answer any) error {
	if err := json.NewDecoder(bytes.NewReader(content)).Decode(answer); err != nil {
		return c.unreadable(action, err)
	}
	return nil
}

func (c *Client) unreadable(action string, err error) error {
	return fmt.Errorf("reading the answer of %s:%s: %w", c.service.Signs, action, err)
}

// Numbered adds a list in the query protocol's form: name1, name2, …; a name is "VpcId." or "ActionNames.member.",
// for example.
func Numbered(into url.Values, name string, values ...string) {
	for i, value := range values {
		into.Set(fmt.Sprintf("%s%d", name, i+1), value)
	}
}

// Filter adds a filter in EC2's form to parameters that already have n filters.
func Filter(into url.Values, n int, name string, values ...string) {
	into.Set(fmt.Sprintf("Filter.%d.Name", n+1), name)
	Numbered(into, fmt.Sprintf("Filter.%d.Value.", n+1), values...)
}

// userAgent names the application as the SDK does, https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html.
func (c *Client) userAgent() string {
	agent := []string{aws.SDKName + "/" + aws.SDKVersion}
	if c.config.AppID != "" {
		agent = append(agent, "app/"+c.config.AppID)
	}
	return strings.Join(agent, " ")
}
