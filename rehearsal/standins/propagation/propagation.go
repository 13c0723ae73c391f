// Package propagation imitates AWS while one service does not yet see another's new resource: it refuses requests
// that need a new account's service-linked roles, or the new policy of a domain's logs. Other stand-ins use it for
// their own delays.
package propagation

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	// Unseen is how long other services do not see a new role or log policy.
	Unseen = 5 * time.Second
	// Creating is how long the creation of a stream takes. In AWS that is longer than the other delay.
	Creating = 8 * time.Second
)

// Hooks lets others take part in a control plane's calls.
type Hooks interface {
	Before(controlplane.Action, controlplane.BeforeFunc)
	After(controlplane.Action, controlplane.AfterFunc)
}

// Delay delays the visibility of new resources between an account's services. It delays nothing until it is
// switched on.
type Delay struct {
	mu      sync.Mutex
	on      bool
	made    map[string]time.Time // keys: a service for its linked role, logs for the newest log policy, kinesis:NAME, and other stand-ins' notes
	refused []string
	now     func() time.Time
}

// New returns a Delay that is off.
func New() *Delay { return &Delay{made: map[string]time.Time{}, now: time.Now} }

// Switch turns the delay on, as in an account without any resources, or off.
func (d *Delay) Switch(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.on = on
}

// Refused are the refused calls since the last check.
func (d *Delay) Refused() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	refused := append([]string{}, d.refused...)
	d.refused = nil
	return refused
}

// Attach applies the delay to the control plane's services.
func (d *Delay) Attach(h Hooks) {
	h.After(controlplane.Action{Service: "iam", Name: "CreateServiceLinkedRole"}, d.roleMade)
	h.After(controlplane.Action{Service: "logs", Name: "PutResourcePolicy"}, d.policyPut)
	h.After(controlplane.Action{Service: "kinesis", Name: "CreateStream"}, d.streamMade)
	h.After(controlplane.Action{Service: "kinesis", Name: "DescribeStreamSummary"}, d.describeStream)
	h.Before(controlplane.Action{Service: "es", Name: "CreateDomain"}, d.domain)
	h.Before(controlplane.Action{Service: "rds", Name: "CreateDBCluster"}, d.cluster)
}

// Note records that something was just made or changed.
func (d *Delay) Note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made[what] = d.now()
}

// Seen reports whether something was made long enough ago; always true while the delay is off.
func (d *Delay) Seen(what string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, known := d.made[what]
	return !d.on || known && d.now().Sub(at) >= Unseen
}

func (d *Delay) refuse(c *controlplane.Call, code, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	d.mu.Lock()
	d.refused = append(d.refused, c.String()+": "+message)
	d.mu.Unlock()
	return &controlplane.Error{Status: http.StatusBadRequest, Code: code, Message: message}
}

func (d *Delay) roleMade(_ context.Context, c *controlplane.Call) error {
	form, err := url.ParseQuery(string(c.RequestBody))
	if err != nil {
		return fmt.Errorf("reading the role to make: %w", err)
	}
	d.Note(form.Get("AWSServiceName"))
	return nil
}

func (d *Delay) policyPut(context.Context, *controlplane.Call) error {
	d.Note("logs")
	return nil
}

func (d *Delay) streamMade(_ context.Context, c *controlplane.Call) error {
	var request struct{ StreamName string }
	err := c.Decode(&request)
	if err == nil {
		d.Note("kinesis:" + request.StreamName)
	}
	return err
}

// describeStream reports a new stream as being created.
func (d *Delay) describeStream(_ context.Context, c *controlplane.Call) error {
	var answer map[string]map[string]any
	decoder := json.NewDecoder(bytes.NewReader(c.ResponseBody))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return fmt.Errorf("reading the answer to %s: %w", c.Action, err)
	}
	summary := answer["StreamDescriptionSummary"]
	d.mu.Lock()
	at, known := d.made["kinesis:"+fmt.Sprint(summary["StreamName"])]
	young := d.on && known && d.now().Sub(at) < Creating
	d.mu.Unlock()
	if !young {
		return nil
	}
	summary["StreamStatus"] = "CREATING"
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("rewriting the answer to %s: %w", c.Action, err)
	}
	c.ResponseBody = text
	return nil
}

// domain refuses a domain whose prerequisites are not visible yet. A domain in a VPC needs the role:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html. One that writes logs needs
// the policy: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1769.
func (d *Delay) domain(_ context.Context, c *controlplane.Call) (bool, error) {
	var request struct {
		VPCOptions           *struct{}
		LogPublishingOptions map[string]struct{ CloudWatchLogsLogGroupArn string }
	}
	if err := c.Decode(&request); err != nil {
		return false, fmt.Errorf("reading the domain to create: %w", err)
	}
	if request.VPCOptions != nil && !d.Seen("opensearchservice.amazonaws.com") {
		return false, d.refuse(c, "ValidationException", "Before you can proceed, you must enable a service-linked role to give Amazon OpenSearch Service permissions to access your VPC.")
	}
	for _, kind := range slices.Sorted(maps.Keys(request.LogPublishingOptions)) {
		if !d.Seen("logs") {
			return false, d.refuse(c, "ValidationException", "The Resource Access Policy specified for the CloudWatch Logs log group %s does not grant sufficient permissions for Amazon OpenSearch Service to create a log stream. Please check the Resource Access Policy.",
				request.LogPublishingOptions[kind].CloudWatchLogsLogGroupArn)
		}
	}
	return false, nil
}

// cluster: https://github.com/terraform-aws-modules/terraform-aws-rds/issues/364.
func (d *Delay) cluster(_ context.Context, c *controlplane.Call) (bool, error) {
	if d.Seen("rds.amazonaws.com") {
		return false, nil
	}
	return false, d.refuse(c, "InvalidParameterValue", "Unable to create the resource. Verify that you have permission to create service linked role. Otherwise wait and try again later")
}
