package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// makeSecurityGroups makes a group for each role, then the rules between them. The VPC's own resolver resolves names,
// and security groups do not filter it, https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html.
func (n *Network) makeSecurityGroups(ctx *pulumi.Context, d design, p *place) error {
	g := &n.SecurityGroups
	if err := n.databaseGroups(ctx, d, p); err != nil {
		return err
	}
	type group struct {
		role, description string
		id                *pulumi.StringOutput
	}
	groups := []group{
		{"replication", "DMS replication of the change pipeline", &g.Replication},
		{"search", "OpenSearch domain of the change pipeline", &g.Search},
		{"delivery", "Firehose delivery into the OpenSearch domain", &g.Delivery},
		{"functions", "Lambda functions of the change pipeline", &g.Functions},
		{"endpoints", "VPC endpoints of the change pipeline", &g.Endpoints},
	}
	if d.Bastion {
		groups = append(groups, group{"bastion", "Bastion of the change pipeline, without a way in", &g.Bastion})
	}
	for _, group := range groups {
		var needs []pulumi.Resource
		if group.role == "delivery" {
			needs = d.DeliveryNeeds
		}
		var err error
		if *group.id, err = n.makeGroup(ctx, d, p, group.role, group.description, needs); err != nil {
			return err
		}
	}
	for _, r := range n.rules(d, p) {
		if err := n.makeRule(ctx, d, r); err != nil {
			return err
		}
	}
	return nil
}

// databaseGroups makes a group for each database that is made here.
func (n *Network) databaseGroups(ctx *pulumi.Context, d design, p *place) error {
	n.SecurityGroups.Databases = map[string]pulumi.StringOutput{}
	for _, database := range d.Databases {
		id := pulumi.String(database.ExistingSecurityGroupID).ToStringOutput()
		if database.ExistingSecurityGroupID == "" {
			description := "Source database of the change pipeline"
			if database.Source != "" {
				description = "Source database " + database.Source + " of the change pipeline"
			}
			var err error
			if id, err = n.makeGroup(ctx, d, p, database.role(), description, nil); err != nil {
				return err
			}
		}
		n.SecurityGroups.Databases[database.Source] = id
	}
	return nil
}

// role is the database's part of the rules' names. Existing databases with the same group and port share their rules.
func (d Database) role() string {
	switch {
	case d.Source == "":
		return unnamed
	case d.ExistingSecurityGroupID != "":
		return d.shared()
	}
	return d.Source + "-database"
}

// unnamed is the role of the unnamed source's database.
const unnamed = "database"

// shared is the role of an existing database: the group and the port, by which AWS distinguishes rules.
func (d Database) shared() string { return fmt.Sprintf("%s-%d", d.ExistingSecurityGroupID, d.Port) }

// former lists roles that may already own the same rules, because the unnamed source has another role and owned them
// before, or owns them now. Making them anew would fail, because AWS refuses duplicates until the deployment deletes
// the old rules at its end.
func (d Database) former(all []Database) string {
	switch {
	case d.ExistingSecurityGroupID == "":
		return ""
	case d.Source == "":
		return d.shared()
	case all[0] == d: // only one may take over the unnamed source's rules
		return unnamed
	}
	return ""
}

func (n *Network) makeGroup(ctx *pulumi.Context, d design, p *place, role, description string, needs []pulumi.Resource) (pulumi.StringOutput, error) {
	made, err := ec2.NewSecurityGroup(ctx, d.name+"-"+role, &ec2.SecurityGroupArgs{
		VpcId:       p.vpcID,
		Description: pulumi.String(description),
		Tags:        named(d, role),
	}, pulumi.Parent(n), pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: deleteTimeout}), pulumi.DependsOn(needs))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("making the security group %s: %w", role, err)
	}
	return made.ID().ToStringOutput(), nil
}

// rule is one allowed direction of traffic, into or out of a group. Exactly one of group, block and list is the other
// side.
type rule struct {
	name, description string
	// former is a name under which the rule may already exist; empty for none.
	former string
	in     bool
	of     pulumi.StringInput
	port   pulumi.IntInput
	group  pulumi.StringInput
	block  pulumi.StringInput
	list   pulumi.StringInput
}

// rules lists every security-group rule. Each connection needs an egress rule on the side that opens it and an
// ingress rule on the side that accepts it.
func (n *Network) rules(d design, p *place) []rule {
	g := n.SecurityGroups
	var all []rule
	for _, database := range d.reached() {
		role, id, port := database.role(), g.Databases[database.Source], pulumi.Int(database.Port)
		ways := connection("replication", g.Replication, role, id, port, "Rows and binlog")
		ways = append(ways, connection("functions", g.Functions, role, id, port, "Bootstrap SQL")...)
		if d.Bastion {
			ways = append(ways, connection("bastion", g.Bastion, role, id, port, "Operation")...)
		}
		for _, way := range ways {
			if former := database.former(d.Databases); former != "" {
				way.former = strings.Replace(way.name, role, former, 1)
			}
			all = append(all, way)
		}
	}
	all = append(all, connection("delivery", g.Delivery, "search", g.Search, pulumi.Int(https), "History documents")...)
	all = append(all, connection("functions", g.Functions, "search", g.Search, pulumi.Int(https), "Current documents")...)
	all = append(all, toAWS("replication", g.Replication, g.Endpoints, p)...)
	all = append(all, toAWS("functions", g.Functions, g.Endpoints, p)...)
	if d.Bastion {
		all = append(all, connection("bastion", g.Bastion, "search", g.Search, pulumi.Int(https), "Deployment and operation")...)
		all = append(all, toServices("bastion", g.Bastion, g.Endpoints, p)...)
	}
	if d.FromVpc {
		for i, block := range p.blocks {
			all = append(all, rule{
				name: numbered("search-from-vpc", i), description: "Deployment inside the VPC",
				in: true, of: g.Search, port: pulumi.Int(https), block: block,
			})
			for _, database := range d.Databases {
				if database.ExistingSecurityGroupID != "" { // the owner of an existing database decides who may reach it
					continue
				}
				all = append(all, rule{
					name: numbered(database.role()+"-from-vpc", i), description: "Operation inside the VPC",
					in: true, of: g.Databases[database.Source], port: pulumi.Int(database.Port), block: block,
				})
			}
		}
	}
	return all
}

// reached omits databases whose rules another database already has, because AWS refuses duplicates.
func (d design) reached() []Database {
	var all []Database
	for _, database := range d.Databases {
		same := func(other Database) bool {
			return other.ExistingSecurityGroupID != "" && other.ExistingSecurityGroupID == database.ExistingSecurityGroupID && other.Port == database.Port
		}
		if !slices.ContainsFunc(all, same) {
			all = append(all, database)
		}
	}
	return all
}

// connection returns the two rules that let one role call another on a port.
func connection(from string, fromID pulumi.StringInput, to string, toID pulumi.StringInput, port pulumi.IntInput, what string) []rule {
	return []rule{
		{name: from + "-to-" + to, description: what + " to " + to, of: fromID, port: port, group: toID},
		{name: to + "-from-" + from, description: what + " from " + from, in: true, of: toID, port: port, group: fromID},
	}
}

// toAWS lets a role call AWS: services, and S3 through its prefix list.
func toAWS(role string, id, endpoints pulumi.StringInput, p *place) []rule {
	s3 := rule{name: role + "-to-s3", description: "S3 through its gateway", of: id, port: pulumi.Int(https), list: p.s3}
	return append(toServices(role, id, endpoints, p), s3)
}

// toServices lets a role call AWS through the VPC's endpoints. It adds public addresses only where a route leads
// there.
func toServices(role string, id, endpoints pulumi.StringInput, p *place) []rule {
	port := pulumi.Int(https)
	all := connection(role, id, "endpoints", endpoints, port, "AWS calls")
	if p.routed {
		return append(all, rule{name: role + "-out", description: "AWS calls by the default route", of: id, port: port, block: pulumi.String(anywhere)})
	}
	if !p.adopted {
		return all
	}
	for i, block := range p.blocks {
		all = append(all, rule{name: numbered(role+"-to-vpc", i), description: "Endpoints that exist in the VPC", of: id, port: port, block: block})
	}
	return all
}

func numbered(name string, i int) string { return fmt.Sprintf("%s-%d", name, i+1) }

func (n *Network) makeRule(ctx *pulumi.Context, d design, r rule) error {
	var made pulumi.Resource
	var err error
	opts := []pulumi.ResourceOption{pulumi.Parent(n)}
	if r.former != "" {
		opts = append(opts, pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String(d.name + "-" + r.former)}}))
	}
	if r.in {
		made, err = vpc.NewSecurityGroupIngressRule(ctx, d.name+"-"+r.name, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: r.of, Description: pulumi.String(r.description),
			IpProtocol: pulumi.String("tcp"), FromPort: r.port.ToIntOutput().ToIntPtrOutput(), ToPort: r.port.ToIntOutput().ToIntPtrOutput(),
			ReferencedSecurityGroupId: optional(r.group), CidrIpv4: optional(r.block), PrefixListId: optional(r.list),
		}, opts...)
	} else {
		made, err = vpc.NewSecurityGroupEgressRule(ctx, d.name+"-"+r.name, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: r.of, Description: pulumi.String(r.description),
			IpProtocol: pulumi.String("tcp"), FromPort: r.port.ToIntOutput().ToIntPtrOutput(), ToPort: r.port.ToIntOutput().ToIntPtrOutput(),
			ReferencedSecurityGroupId: optional(r.group), CidrIpv4: optional(r.block), PrefixListId: optional(r.list),
		}, opts...)
	}
	if err != nil {
		return fmt.Errorf("making the security group rule %s: %w", r.name, err)
	}
	n.Dependencies = append(n.Dependencies, made)
	return nil
}

func optional(v pulumi.StringInput) pulumi.StringPtrInput {
	if v == nil {
		return nil
	}
	return v.ToStringOutput().ToStringPtrOutput()
}
