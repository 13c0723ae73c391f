package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// makeSecurityGroups makes a group for each role, then the rules between them. Names are resolved by the VPC's own
// resolver, which security groups do not filter,
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html.
func (n *Network) makeSecurityGroups(ctx *pulumi.Context, d design, p *place) error {
	g := &n.SecurityGroups
	type group struct {
		role, description string
		id                *pulumi.StringOutput
	}
	groups := []group{
		{"database", "Source database of the change pipeline", &g.Database},
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
		if group.role == "database" && d.ExistingDatabaseSecurityGroupID != "" {
			*group.id = pulumi.String(d.ExistingDatabaseSecurityGroupID).ToStringOutput()
			continue
		}
		opts := []pulumi.ResourceOption{pulumi.Parent(n), pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: deleteTimeout})}
		if group.role == "delivery" {
			opts = append(opts, pulumi.DependsOn(d.DeliveryNeeds))
		}
		made, err := ec2.NewSecurityGroup(ctx, d.name+"-"+group.role, &ec2.SecurityGroupArgs{
			VpcId:       p.vpcID,
			Description: pulumi.String(group.description),
			Tags:        named(d, group.role),
		}, opts...)
		if err != nil {
			return fmt.Errorf("making the security group %s: %w", group.role, err)
		}
		*group.id = made.ID().ToStringOutput()
	}
	for _, r := range n.rules(d, p) {
		if err := n.makeRule(ctx, d, r); err != nil {
			return err
		}
	}
	return nil
}

// rule is one way that traffic may take, in or out of a group. Exactly one of group, block and list is the other side.
type rule struct {
	name, description string
	in                bool
	of                pulumi.StringInput
	port              pulumi.IntInput
	group             pulumi.StringInput
	block             pulumi.StringInput
	list              pulumi.StringInput
}

// rules are all of them: whoever starts a connection has a rule out, and who accepts it a rule in.
func (n *Network) rules(d design, p *place) []rule {
	g := n.SecurityGroups
	all := connection("replication", g.Replication, "database", g.Database, d.DatabasePort, "Rows and binlog")
	all = append(all, connection("functions", g.Functions, "database", g.Database, d.DatabasePort, "Bootstrap SQL")...)
	all = append(all, connection("delivery", g.Delivery, "search", g.Search, pulumi.Int(https), "History documents")...)
	all = append(all, connection("functions", g.Functions, "search", g.Search, pulumi.Int(https), "Current documents")...)
	all = append(all, toAWS("replication", g.Replication, g.Endpoints, p)...)
	all = append(all, toAWS("functions", g.Functions, g.Endpoints, p)...)
	if d.Bastion {
		all = append(all, connection("bastion", g.Bastion, "search", g.Search, pulumi.Int(https), "Deployment and operation")...)
		all = append(all, connection("bastion", g.Bastion, "database", g.Database, d.DatabasePort, "Operation")...)
		all = append(all, toServices("bastion", g.Bastion, g.Endpoints, p)...)
	}
	if d.FromVpc {
		for i, block := range p.blocks {
			all = append(all, rule{
				name: numbered("search-from-vpc", i), description: "Deployment inside the VPC",
				in: true, of: g.Search, port: pulumi.Int(https), block: block,
			})
			if d.ExistingDatabaseSecurityGroupID == "" { // who may reach a database that exists is its owner's to say
				all = append(all, rule{
					name: numbered("database-from-vpc", i), description: "Operation inside the VPC",
					in: true, of: g.Database, port: d.DatabasePort, block: block,
				})
			}
		}
	}
	return all
}

// connection is the two rules that let one role call another on a port.
func connection(from string, fromID pulumi.StringInput, to string, toID pulumi.StringInput, port pulumi.IntInput, what string) []rule {
	return []rule{
		{name: from + "-to-" + to, description: what + " to " + to, of: fromID, port: port, group: toID},
		{name: to + "-from-" + from, description: what + " from " + from, in: true, of: toID, port: port, group: fromID},
	}
}

// toAWS lets a role call AWS: services, and S3 by its prefix list.
func toAWS(role string, id, endpoints pulumi.StringInput, p *place) []rule {
	s3 := rule{name: role + "-to-s3", description: "S3 through its gateway", of: id, port: pulumi.Int(https), list: p.s3}
	return append(toServices(role, id, endpoints, p), s3)
}

// toServices lets a role call AWS by the endpoints in the VPC, and by public addresses only where a route leads there.
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
	if r.in {
		made, err = vpc.NewSecurityGroupIngressRule(ctx, d.name+"-"+r.name, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: r.of, Description: pulumi.String(r.description),
			IpProtocol: pulumi.String("tcp"), FromPort: r.port.ToIntOutput().ToIntPtrOutput(), ToPort: r.port.ToIntOutput().ToIntPtrOutput(),
			ReferencedSecurityGroupId: optional(r.group), CidrIpv4: optional(r.block), PrefixListId: optional(r.list),
		}, pulumi.Parent(n))
	} else {
		made, err = vpc.NewSecurityGroupEgressRule(ctx, d.name+"-"+r.name, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: r.of, Description: pulumi.String(r.description),
			IpProtocol: pulumi.String("tcp"), FromPort: r.port.ToIntOutput().ToIntPtrOutput(), ToPort: r.port.ToIntOutput().ToIntPtrOutput(),
			ReferencedSecurityGroupId: optional(r.group), CidrIpv4: optional(r.block), PrefixListId: optional(r.list),
		}, pulumi.Parent(n))
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
