// Package ec2 calls the few actions of EC2 that the rehearsal needs, by EC2's query protocol
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/making-api-requests.html).
// The SDK's own client, of over 700 actions, takes a compiler minutes and 2.5 GB of memory.
package ec2

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// version of EC2's API.
const version = "2016-11-15"

// Client calls EC2 at the endpoint of a configuration.
type Client struct{ config aws.Config }

// NewFromConfig is a client; the configuration has a region, credentials and a base endpoint.
func NewFromConfig(config aws.Config) *Client { return &Client{config} }

// Instance is one that DescribeInstances lists.
type Instance struct {
	ID      string    `xml:"instanceId"`
	State   string    `xml:"instanceState>name"` // such as running or terminated
	Profile string    `xml:"iamInstanceProfile>arn"`
	Address string    `xml:"privateIpAddress"`
	Since   time.Time `xml:"launchTime"`
}

// Instances are those with the given ids, or all.
func (c *Client) Instances(ctx context.Context, ids ...string) ([]Instance, error) {
	values := url.Values{}
	for i, id := range ids {
		values.Set("Filter.1.Name", "instance-id")
		values.Set(fmt.Sprintf("Filter.1.Value.%d", i+1), id)
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

// Call sends an action with its parameters and reads the answer into a struct with xml tags, or into nil.
func (c *Client) Call(ctx context.Context, action string, parameters url.Values, answer any) error {
	body := url.Values{"Action": {action}, "Version": {version}}
	for name, value := range parameters {
		body[name] = value
	}
	content, err := c.send(ctx, body.Encode())
	if err != nil {
		return fmt.Errorf("calling ec2:%s: %w", action, err)
	}
	if answer == nil {
		return nil
	}
	if err := xml.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("reading the answer of ec2:%s: %w", action, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, aws.ToString(c.config.BaseEndpoint), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for credentials: %w", err)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "ec2", c.config.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("signing the request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err //nolint:wrapcheck // Call names the action
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, refusal(response.Status, content)
	}
	return content, nil
}

func refusal(status string, content []byte) error {
	var said struct {
		Code    string `xml:"Errors>Error>Code"`
		Message string `xml:"Errors>Error>Message"`
	}
	if err := xml.Unmarshal(content, &said); err != nil || said.Code == "" {
		return fmt.Errorf("%s: %.300s", status, content)
	}
	return fmt.Errorf("%s: %s", said.Code, said.Message)
}
