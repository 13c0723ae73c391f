package controlplane

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
)

// learnRole remembers the role of the keys in an AssumeRole answer.
func (p *Proxy) learnRole(_ context.Context, c *Call) error {
	form, err := url.ParseQuery(string(c.RequestBody))
	if err != nil {
		return fmt.Errorf("reading the AssumeRole request: %w", err)
	}
	role := form.Get("RoleArn")
	if role == "" {
		role = c.Request.URL.Query().Get("RoleArn")
	}
	key, err := assumedKey(c.ResponseBody)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roles[key] = role
	return nil
}

// assumedKey is the access key id in an AssumeRole answer, which is XML or, if the caller accepts it, JSON.
func assumedKey(body []byte) (string, error) {
	var answer struct {
		Key string `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
	}
	if err := xml.Unmarshal(body, &answer); err == nil && answer.Key != "" {
		return answer.Key, nil
	}
	type result struct {
		Credentials struct {
			AccessKeyID string `json:"AccessKeyId"`
		}
	}
	var inJSON struct {
		AssumeRoleResponse struct{ AssumeRoleResult result }
		result
	}
	if err := json.Unmarshal(body, &inJSON); err != nil {
		return "", fmt.Errorf("the AssumeRole answer is neither XML nor JSON: %w", err)
	}
	for _, r := range []result{inJSON.AssumeRoleResponse.AssumeRoleResult, inJSON.result} {
		if r.Credentials.AccessKeyID != "" {
			return r.Credentials.AccessKeyID, nil
		}
	}
	return "", fmt.Errorf("the AssumeRole answer holds no access key")
}
