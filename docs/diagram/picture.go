package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// part is a component in the picture, represented by its main resource.
type part struct {
	id, component string
	// resource is the type of the main resource.
	resource string
	// label is the text in the picture. class is store (keeps data), step (carries data) or helper (makes the
	// others work).
	label, class string
}

// parts are drawn in this order, which follows the data. D2's layout depends on the order.
var parts = []part{
	{"database", "cdcpipeline:source:AuroraMySQL", "aws:rds/cluster:Cluster", "Aurora\nMySQL", "store"},
	{"bootstrap", "cdcpipeline:source:Bootstrap", "aws:lambda/invocation:Invocation", "Bootstrap\nfunction", "helper"},
	{"replication", "cdcpipeline:replication:Replication", "aws:dms/replicationTask:ReplicationTask", "DMS\ntask", "step"},
	{"stream", "cdcpipeline:stream:ChangeStream", "aws:kinesis/stream:Stream", "Kinesis\nstream", "queue"},
	{"searchDelivery", "cdcpipeline:search:Delivery", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "Firehose", "step"},
	{"currentState", "cdcpipeline:search:CurrentState", "aws:lambda/eventSourceMapping:EventSourceMapping", "Lambda:\ncurrent state", "step"},
	{"lakeDelivery", "cdcpipeline:lake:Delivery", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "Firehose", "step"},
	{"access", "cdcpipeline:search:Access", "pulumi:providers:opensearch", "Access:\nroles, template", "helper"},
	{"bastion", "cdcpipeline:bastion:Bastion", "aws:ec2/instance:Instance", "Bastion", "helper"},
	{"domain", "cdcpipeline:search:Domain", "aws:opensearch/domain:Domain", "OpenSearch", "store"},
	{"bucket", "cdcpipeline:lake:Bucket", "aws:s3/bucketV2:BucketV2", "S3\nlake", "store"},
	{"catalog", "cdcpipeline:lake:Catalog", "aws:athena/workgroup:Workgroup", "Athena\nviews", "step"},
}

const (
	keyComponent     = "cdcpipeline:encryption:Key"
	networkComponent = "cdcpipeline:network:Network"
)

// undrawn lists the components that are not parts, with the reason.
var undrawn = map[string]string{
	"cdcpipeline:pipeline:Pipeline":        "the picture itself",
	"cdcpipeline:feed:Feed":                "one for each source; the picture has one",
	keyComponent:                           "the legend says what it encrypts",
	networkComponent:                       "what is inside is framed",
	"cdcpipeline:replication:AccountRoles": "the account's, not the stack's",
	"cdcpipeline:source:Rotation":          "beside the pipeline: it renews a password",
	"cdcpipeline:search:ServiceLinkedRole": "the account's, not the stack's",
	"cdcpipeline:source:ServiceLinkedRole": "the account's, not the stack's",
	"cdcpipeline:search:DeliveryRole":      "the search delivery's",
	"cdcpipeline:search:DomainLogs":        "the domain's",

	"cdcpipeline:canary:Canary":               "it looks on, and writes a row of its own",
	"cdcpipeline:observability:Observability": "it looks on",
}

// flow is data that goes from one part to another.
type flow struct{ from, to, label string }

// flows are the picture's claims. The program must confirm each: one resource uses a value of the other, without
// passing a third part.
var flows = []flow{
	{"database", "replication", ""},
	{"replication", "stream", ""},
	{"stream", "searchDelivery", ""},
	{"stream", "lakeDelivery", ""},
	{"stream", "currentState", ""},
	{"searchDelivery", "domain", ""},
	{"currentState", "domain", ""},
	{"currentState", "bucket", ""},
	{"searchDelivery", "bucket", "refused"},
	{"lakeDelivery", "bucket", ""},
	{"bucket", "catalog", ""},
}

// picture is the content of the picture.
type picture struct {
	parts []part
	flows []flow
	// waits are dependencies that are no flows and do not follow from others. The first part is made after the
	// second.
	waits [][2]string
	// inside tells which parts are in the VPC.
	inside map[string]bool
}

// draw makes the picture of a graph. It returns an error for each claim that the graph contradicts.
func draw(g *graph, parts []part, flows []flow) (*picture, error) {
	p := &picture{parts: parts, flows: flows, inside: map[string]bool{}}
	resources := map[string]string{} // keys are the parts
	problems := []error{checkComponents(g, parts)}
	for _, part := range parts {
		resource, err := g.one(part.component, part.resource)
		problems = append(problems, err)
		resources[part.id] = resource
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for _, f := range flows {
		problems = append(problems, bearsOut(g, resources, f))
	}
	for _, part := range parts {
		p.inside[part.id] = g.uses(part.component, networkComponent, "aws:ec2/subnet:Subnet")
		if part.class != "helper" && !g.uses(part.component, keyComponent, "aws:kms/key:Key") {
			problems = append(problems, fmt.Errorf("the picture says that the key encrypts what %s keeps, but the program does not give it the key", part.id))
		}
	}
	p.waits = waits(g, parts, resources, flows)
	return p, errors.Join(problems...)
}

// checkComponents finds components that are neither drawn nor in undrawn.
func checkComponents(g *graph, parts []part) error {
	unknown := map[string]bool{}
	for name := range g.resources {
		c := g.component(name)
		drawn := slices.ContainsFunc(parts, func(p part) bool { return p.component == c })
		if _, known := undrawn[c]; c != "" && !drawn && !known {
			unknown[c] = true
		}
	}
	var problems []error
	for c := range unknown {
		problems = append(problems, fmt.Errorf("the program has a component %s that is neither drawn nor left out on purpose: add it to parts or to undrawn", c))
	}
	return errors.Join(problems...)
}

func bearsOut(g *graph, resources map[string]string, f flow) error {
	from, to := resources[f.from], resources[f.to]
	mayPass := func(name string) bool {
		for _, r := range resources {
			if r == name {
				return false
			}
		}
		return true
	}
	if from == "" || to == "" || !g.reaches(from, to, mayPass) && !g.reaches(to, from, mayPass) {
		return fmt.Errorf("the picture says that data flows from %s to %s, but neither is given a value of the other in the program", f.from, f.to)
	}
	return nil
}

// uses reports whether a resource of one component uses a value of another component's resource of a type.
func (g *graph) uses(component, other, typ string) bool {
	for _, name := range g.of(component) {
		for _, from := range g.values[name] {
			if g.resources[from].Type == typ && g.component(from) == other {
				return true
			}
		}
	}
	return false
}

// waits returns the dependencies between parts, without flows and without those that follow from others. A part
// depends only on what its main resource needs, directly or through other resources of the part. Its other
// resources, such as a permission for another part, do not count.
func waits(g *graph, parts []part, resources map[string]string, flows []flow) [][2]string {
	owner := map[string]string{}
	for _, p := range parts {
		for _, name := range g.of(p.component) {
			owner[name] = p.id
		}
	}
	needs := map[string]map[string]bool{}
	for _, p := range parts {
		needs[p.id] = map[string]bool{}
		seen := map[string]bool{}
		for queue := []string{resources[p.id]}; len(queue) > 0; queue = queue[1:] {
			for _, on := range g.order[queue[0]] {
				switch owner[on] {
				case "":
				case p.id:
					if !seen[on] {
						seen[on] = true
						queue = append(queue, on)
					}
				default:
					needs[p.id][owner[on]] = true
				}
			}
		}
	}
	isFlow := func(a, b string) bool {
		return slices.ContainsFunc(flows, func(f flow) bool { return f.from == a && f.to == b || f.from == b && f.to == a })
	}
	var kept [][2]string
	for _, from := range parts {
		for _, to := range parts {
			if needs[from.id][to.id] && !isFlow(from.id, to.id) && !follows(needs, from.id, to.id) {
				kept = append(kept, [2]string{from.id, to.id})
			}
		}
	}
	return kept
}

// follows reports whether from depends on to through another part.
func follows(needs map[string]map[string]bool, from, to string) bool {
	seen := map[string]bool{}
	var reach func(string) bool
	reach = func(at string) bool {
		if seen[at] {
			return false
		}
		seen[at] = true
		for next := range needs[at] {
			if next == to && at != from || next != to && reach(next) {
				return true
			}
		}
		return false
	}
	return reach(from)
}

// source returns the picture in D2's language: https://d2lang.com.
func (p *picture) source() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Written by `make diagram` from the program's resources and what they depend on. Do not edit.")
	line("direction: right")
	line("classes: {")
	line("  store: {shape: cylinder; style: {font-size: %d; stroke-width: 3}}", fontSize)
	line("  queue: {shape: queue; style: {font-size: %d; stroke-width: 3}}", fontSize)
	line("  step: {style: {font-size: %d; stroke-width: 3; border-radius: 10}}", fontSize)
	line("  helper: {style: {font-size: %d; bold: false; stroke-width: 2; stroke-dash: 4; border-radius: 10}}", fontSize)
	line("  place: {style: {font-size: %d; border-radius: 12}}", fontSize)
	line("  legend: {shape: text; style: {font-size: %d}}", noteSize)
	line("  flow: {style: {font-size: %d; stroke-width: 5}}", noteSize)
	line("  wait: {style: {stroke-width: 3; stroke-dash: 4}}")
	line("}")
	line("vpc: VPC {class: place}")
	for _, part := range p.parts {
		line("%s: %q {class: %s}", p.path(part.id), part.label, part.class)
	}
	for _, f := range p.flows {
		line("%s -> %s: %q {class: flow}", p.path(f.from), p.path(f.to), f.label)
	}
	for _, w := range p.waits {
		line("%s -> %s {class: wait}", p.path(w[0]), p.path(w[1]))
	}
	line("legend: %q {class: legend; near: bottom-center}", legend)
	return b.String()
}

const (
	// fontSize is the size of names, and noteSize that of all other texts. A page shows the picture at less than
	// half its size.
	fontSize, noteSize = 36, 30

	legend = "solid: data  ·  dashed: made after what it points to  ·  all of it encrypted with the stack's KMS key"
)

func (p *picture) path(id string) string {
	if p.inside[id] {
		return "vpc." + id
	}
	return id
}
