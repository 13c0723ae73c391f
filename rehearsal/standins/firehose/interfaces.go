package firehose

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/account/ec2"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// lingers is how long network interfaces outlive their delivery stream: minutes in AWS.
const lingers = 3 * time.Second

// madeByFirehose is the interfaces' description.
const madeByFirehose = "Interface of a delivery stream"

// interfaces are the delivery streams' interfaces in a VPC. Firehose deletes them some time after the stream, with
// the stream's role. Without that role or its permission they stay, and block the deletion of their security group
// and subnet, https://github.com/hashicorp/terraform-provider-aws/issues/27696.
type interfaces struct {
	account account.Account
	log     *slog.Logger

	mu   sync.Mutex
	made map[string]network // by delivery stream
	work sync.WaitGroup
	stop context.CancelFunc
	ctx  context.Context //nolint:containedctx // ends with the service
}

type network struct {
	role string
	ids  []string
}

func newInterfaces(acc account.Account, log *slog.Logger) *interfaces {
	ctx, stop := context.WithCancel(context.Background())
	return &interfaces{account: acc, log: log, made: map[string]network{}, ctx: ctx, stop: stop}
}

// vpcConfig is a destination's network in its creation request.
type vpcConfig struct {
	SubnetIDs        []string `json:"SubnetIds"`
	RoleARN          string
	SecurityGroupIDs []string `json:"SecurityGroupIds"`
}

func (i *interfaces) attach(h Hooks) {
	h.After(controlplane.Action{Service: "firehose", Name: "CreateDeliveryStream"}, i.create)
	h.After(controlplane.Action{Service: "firehose", Name: "DeleteDeliveryStream"}, i.delete)
	h.Before(controlplane.Action{Service: "ec2", Name: "DeleteSecurityGroup"}, i.inUse("GroupId", "group-id"))
	h.Before(controlplane.Action{Service: "ec2", Name: "DeleteSubnet"}, i.inUse("SubnetId", "subnet-id"))
}

func (i *interfaces) create(ctx context.Context, c *controlplane.Call) error {
	var request struct {
		DeliveryStreamName                                                                                  string
		AmazonopensearchserviceDestinationConfiguration, AmazonOpenSearchServerlessDestinationConfiguration *struct{ VpcConfiguration *vpcConfig }
	}
	if err := c.Decode(&request); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	destination := cmp.Or(request.AmazonopensearchserviceDestinationConfiguration, request.AmazonOpenSearchServerlessDestinationConfiguration)
	if destination == nil || destination.VpcConfiguration == nil {
		return nil
	}
	n := network{role: destination.VpcConfiguration.RoleARN}
	client := ec2.NewFromConfig(i.account.Config())
	for _, subnet := range destination.VpcConfiguration.SubnetIDs {
		values := url.Values{"SubnetId": {subnet}, "Description": {madeByFirehose}}
		for j, group := range destination.VpcConfiguration.SecurityGroupIDs {
			values.Set(fmt.Sprintf("SecurityGroupId.%d", j+1), group)
		}
		var made struct {
			ID string `xml:"networkInterface>networkInterfaceId"`
		}
		if err := client.Call(ctx, "CreateNetworkInterface", values, &made); err != nil {
			return fmt.Errorf("joining the subnet %s: %w", subnet, err)
		}
		n.ids = append(n.ids, made.ID)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.made[request.DeliveryStreamName] = n
	return nil
}

func (i *interfaces) delete(_ context.Context, c *controlplane.Call) error {
	var request struct{ DeliveryStreamName string }
	if err := c.Decode(&request); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	i.mu.Lock()
	n := i.made[request.DeliveryStreamName]
	delete(i.made, request.DeliveryStreamName)
	i.mu.Unlock()
	i.work.Go(func() {
		select {
		case <-i.ctx.Done():
		case <-time.After(lingers):
			if err := i.remove(i.ctx, n); err != nil {
				i.log.Error("the network interfaces of a delivery stream stay", "delivery", request.DeliveryStreamName, "error", err)
			}
		}
	})
	return nil
}

func (i *interfaces) remove(ctx context.Context, n network) error {
	if len(n.ids) == 0 {
		return nil
	}
	if err := i.permitted(ctx, n.role); err != nil {
		return err
	}
	client := ec2.NewFromConfig(i.account.Config())
	for _, id := range n.ids {
		if err := client.Call(ctx, "DeleteNetworkInterface", url.Values{"NetworkInterfaceId": {id}}, nil); err != nil {
			return fmt.Errorf("deleting %s: %w", id, err)
		}
	}
	return nil
}

// permitted returns the reason if the role may not delete interfaces: it is gone, or none of its policies allows it.
func (i *interfaces) permitted(ctx context.Context, role string) error {
	client, name := iam.NewFromConfig(i.account.Config()), aws.String(role[strings.LastIndex(role, "/")+1:])
	listed, err := client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name})
	if missing := (*types.NoSuchEntityException)(nil); errors.As(err, &missing) {
		return fmt.Errorf("the role %s is gone", role)
	}
	if err != nil {
		return fmt.Errorf("reading the policies of %s: %w", role, err)
	}
	for _, policy := range listed.PolicyNames {
		out, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: &policy})
		if err != nil {
			return fmt.Errorf("reading the policy %s of %s: %w", policy, role, err)
		}
		document, err := url.QueryUnescape(aws.ToString(out.PolicyDocument))
		if err != nil {
			return fmt.Errorf("reading the policy %s of %s: %w", policy, role, err)
		}
		if strings.Contains(document, "ec2:DeleteNetworkInterface") {
			return nil
		}
	}
	return fmt.Errorf("the role %s may not delete network interfaces", role)
}

// inUse refuses to delete a resource that a delivery stream's interface uses.
func (i *interfaces) inUse(parameter, filter string) controlplane.BeforeFunc {
	return func(ctx context.Context, c *controlplane.Call) (bool, error) {
		form, err := url.ParseQuery(string(c.RequestBody))
		if err != nil {
			return false, fmt.Errorf("reading the request: %w", err)
		}
		var found struct {
			IDs []string `xml:"networkInterfaceSet>item>networkInterfaceId"`
		}
		id := form.Get(parameter)
		err = ec2.NewFromConfig(i.account.Config()).Call(ctx, "DescribeNetworkInterfaces", url.Values{
			"Filter.1.Name": {filter}, "Filter.1.Value.1": {id}, "Filter.2.Name": {"description"}, "Filter.2.Value.1": {madeByFirehose},
		}, &found)
		if err != nil || len(found.IDs) == 0 {
			return false, err
		}
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "DependencyViolation", Message: fmt.Sprintf("resource %s has a dependent object", id)}
	}
}

func (i *interfaces) close() {
	i.stop()
	i.work.Wait()
}
