// Package iam is a stand-in for IAM, limited to the deployer's own policies. It refuses what the documents beside
// docs/permissions.md do not allow, like the called service, and records what a run needed.
//
// It evaluates what a request shows: its action, the named resources, the added tags, the passed roles. Where a
// policy limits an action to resources that the request does not show, it checks only the action and reports that. It
// uses no library: those that evaluate policies model whole accounts, and none supports a partly known resource.
package iam

import (
	"cdcpipeline/rehearsal/permissions/document"
	"cdcpipeline/rehearsal/permissions/reference"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Deployer is the IAM user with the rehearsal's key.
const Deployer = "arn:aws:iam::" + account.ID + ":user/deployer"

// Guard checks the deployer's calls. Its methods are safe for concurrent use.
type Guard struct {
	// Lenient allows refused calls, but still lists them.
	Lenient bool

	all []document.Statement

	mu sync.Mutex
	// statements are the active ones: all, or all but some.
	statements []document.Statement
	refused    map[string]bool
	unresolved map[string]bool
	spared     map[string]bool
	tagged     map[string]bool
	// needed are the allowed requests, by their text.
	needed map[string]document.Request
	calls  int
	// profiles are the roles of instance profiles, by name.
	profiles map[string]string
}

// New returns a guard with these policies. It replaces REGION and ACCOUNT in them with the rehearsal's region and
// account.
func New(policies ...[]byte) (*Guard, error) {
	g := &Guard{
		refused: map[string]bool{}, unresolved: map[string]bool{}, spared: map[string]bool{}, tagged: map[string]bool{},
		needed: map[string]document.Request{}, profiles: map[string]string{},
	}
	own := strings.NewReplacer("REGION", account.Region, "ACCOUNT", account.ID)
	for _, text := range policies {
		p, err := document.Parse([]byte(own.Replace(string(text))))
		if err != nil {
			return nil, err //nolint:wrapcheck // the error names the statement
		}
		g.all = append(g.all, p.Statement...)
	}
	g.statements = g.all
	return g, nil
}

// Load returns a guard with a project's deployer policies.
func Load(project string) (*Guard, error) {
	files, err := filepath.Glob(filepath.Join(project, "docs", "permissions", "deployer-*.json"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(errors.New("docs/permissions has no deployer-1.json: make permissions writes it"), err)
	}
	var policies [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the deployer's policies: %w", err)
		}
		policies = append(policies, text)
	}
	return New(policies...)
}

// Also extends the policies to configured names, as docs/permissions.md tells users to do: wherever a resource
// contains part, such as /retail-trans, it also allows another in its place.
func (g *Guard) Also(part, another string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, s := range g.all {
		for _, resource := range s.Resource {
			if strings.Contains(resource, part) {
				g.all[i].Resource = append(g.all[i].Resource, strings.ReplaceAll(resource, part, another))
			}
		}
	}
	g.statements = g.all
}

// Judge returns nil when the policies allow a call; otherwise the service's refusal.
func (g *Guard) Judge(_ context.Context, c *controlplane.Call) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	operation := c.Action.String()
	if reference.Spared(operation) {
		g.spared[operation] = true
		return c.Denied(Deployer, operation, "*")
	}
	err := g.judge(c)
	if g.Lenient {
		return nil
	}
	return err
}

// Allow checks an action that is not a call of the control plane, such as a request to a collection.
func (g *Guard) Allow(action, resource string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := document.Request{Action: action, Resource: resource, Context: map[string]string{"aws:RequestedRegion": account.Region}}
	text := describe(r)
	if document.Decide(g.statements, r) == document.Allowed {
		g.needed[text] = r
		return nil
	}
	g.refused[text] = true
	if g.Lenient {
		return nil
	}
	return fmt.Errorf("%s is not allowed to do %s", Deployer, text)
}

// Named makes the control plane return the deployer as the owner of the rehearsal's key.
func Named(_ context.Context, c *controlplane.Call) error {
	if strings.Contains(c.Request.Header.Get("Authorization"), "Credential="+account.Key+"/") {
		c.ResponseBody = callerArn.ReplaceAll(c.ResponseBody, []byte("<Arn>"+Deployer+"</Arn>"))
	}
	return nil
}

var callerArn = regexp.MustCompile(`<Arn>[^<]*</Arn>`)

// judge returns the first reason to refuse a call, and records all missing permissions.
func (g *Guard) judge(c *controlplane.Call) error {
	d, err := g.demand(c)
	if err != nil {
		g.refused[err.Error()] = true
		return err
	}
	if d.tagged {
		g.tagged[c.Action.String()] = true
	}
	for _, unclear := range d.unclear {
		g.unresolved[unclear] = true
	}
	var first error
	for _, r := range d.requests {
		text := describe(r)
		switch document.Decide(g.statements, r) {
		case document.Allowed:
			g.needed[text] = r
		case document.Unresolved:
			g.needed[text] = r
			g.unresolved[text] = true
		case document.Refused:
			g.refused[text] = true
			if first == nil {
				first = c.Denied(Deployer, r.Action, readable(r.Resource))
			}
		}
	}
	return first
}

// describe describes the request in one line.
func describe(r document.Request) string {
	text := r.Action + " on " + readable(r.Resource)
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		if key != "aws:RequestedRegion" {
			text += ", " + key + " " + r.Context[key]
		}
	}
	return text
}

// readable marks the unknown parts of an ARN.
func readable(arn string) string { return strings.ReplaceAll(arn, document.Unknown, "(unknown)") }
