// Package ec2 calls the few EC2 actions that the rehearsal needs, without the SDK's client: see [awsapi].
package ec2

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Client calls EC2.
type Client struct{ api *awsapi.Client }

// NewFromConfig returns a client with the region, credentials and endpoint of a configuration.
func NewFromConfig(config aws.Config) *Client { return &Client{awsapi.New(config, awsapi.EC2)} }

// Instance is an entry of DescribeInstances.
type Instance struct {
	ID      string    `xml:"instanceId"`
	State   string    `xml:"instanceState>name"` // such as running or terminated
	Profile string    `xml:"iamInstanceProfile>arn"`
	Address string    `xml:"privateIpAddress"`
	Since   time.Time `xml:"launchTime"`
}

// Instances returns those with the given ids, or all.
func (c *Client) Instances(ctx context.Context, ids ...string) ([]Instance, error) {
	values := url.Values{}
	if len(ids) > 0 {
		awsapi.Filter(values, 0, "instance-id", ids...)
	}
	var all []Instance
	for {
		var page struct {
			Instances []Instance `xml:"reservationSet>item>instancesSet>item"`
			Next      string     `xml:"nextToken"`
		}
		if err := c.Call(ctx, "DescribeInstances", values, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Instances...)
		if page.Next == "" {
			return all, nil
		}
		values.Set("NextToken", page.Next)
	}
}

// Call sends an action with its parameters and decodes the answer into a struct with xml tags; nil ignores it.
func (c *Client) Call(ctx context.Context, action string, parameters url.Values, answer any) error {
	return c.api.Query(ctx, action, parameters, answer)
}
