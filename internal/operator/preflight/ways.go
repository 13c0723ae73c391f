package preflight

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/footprint"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ways describes how the subnets of an adopted VPC reach AWS.
type ways struct {
	vpc, region string
	demands     []demand
	tables      []routeTable
	endpoints   []endpoint
}

// demand says which endpoints besides S3's some subnets need, and why.
type demand struct {
	subnets  []subnet
	services []string
	why      string
}

func (s *Stack) ways(ctx context.Context) (w ways, err error) {
	w = ways{vpc: s.Config.Network.VpcID, region: s.AWS.Region}
	subnets, err := s.chosenSubnets(ctx)
	if err != nil {
		return w, err
	}
	if w.tables, err = s.routeTables(ctx); err != nil {
		return w, err
	}
	if shut := enclosed(subnets, w.tables); len(shut) > 0 {
		w.demands = append(w.demands, demand{shut, footprint.InterfaceEndpoints, "no default route in " + ids(shut)})
	}
	if s.replicates(config.Serverless) {
		w.demands = append(w.demands, demand{subnets, footprint.ServerlessEndpoints, "a serverless task needs VPC endpoints"})
	}
	if len(w.demands) > 0 {
		w.endpoints, err = s.vpcEndpoints(ctx)
	}
	return w, err
}

// to returns the endpoints to which a service's usual name resolves.
func (w ways) to(service string) (found []endpoint) {
	for _, e := range w.endpoints {
		if e.serves(footprint.EndpointService(w.region, service)) {
			found = append(found, e)
		}
	}
	return found
}

// withoutS3 returns the subnets' route tables that lack the S3 endpoint.
func (w ways) withoutS3(subnets []subnet) (missing []string) {
	for _, n := range subnets {
		table := tableOf(n, w.tables).ID
		routed := slices.ContainsFunc(w.endpoints, func(e endpoint) bool {
			return e.Service == footprint.EndpointService(w.region, "s3") && slices.Contains(e.Tables, table)
		})
		if !routed && !slices.Contains(missing, table) {
			missing = append(missing, table)
		}
	}
	return missing
}

// reachesAWS checks each subnet's way to AWS. The subnet needs a default route that private addresses can use, or the
// VPC needs the endpoints.
func reachesAWS(ctx context.Context, s *Stack) (Finding, error) {
	w, err := s.ways(ctx)
	if err != nil {
		return Finding{}, err
	}
	create := func(kind, service, more string) string {
		return s.cli("ec2 create-vpc-endpoint --vpc-id %s --vpc-endpoint-type %s --service-name %s %s", w.vpc, kind, footprint.EndpointService(w.region, service), more)
	}
	var missing, commands, has []string
	for _, d := range w.demands {
		var lacks []string
		for _, service := range d.services {
			if len(w.to(service)) == 0 {
				lacks = append(lacks, service)
				commands = append(commands, create("Interface", service, "--private-dns-enabled --subnet-ids "+strings.Join(s.Config.Network.PrivateSubnetIDs, " ")))
			}
		}
		if tables := w.withoutS3(d.subnets); len(tables) > 0 {
			lacks = append(lacks, "s3 (gateway, in "+strings.Join(tables, ", ")+")")
			commands = append(commands, create("Gateway", "s3", "--route-table-ids "+strings.Join(tables, " ")))
		}
		if len(lacks) > 0 {
			missing = append(missing, fmt.Sprintf("%s, and there is no VPC endpoint for %s", d.why, strings.Join(lacks, ", ")))
		}
		has = append(has, d.services...)
	}
	switch {
	case len(missing) > 0:
		return bad(distinct(commands), "%s: %s", w.vpc, strings.Join(missing, "; "))
	case len(w.demands) == 0:
		return good("every subnet has a default route")
	}
	return good("VPC endpoints for %s and s3", strings.Join(distinct(has), ", "))
}

func ids(subnets []subnet) string {
	all := make([]string, len(subnets))
	for i, n := range subnets {
		all[i] = n.ID
	}
	return strings.Join(all, ", ")
}

// https is the port of every endpoint.
const https = 443

// endpointsAdmit checks that the security groups of needed endpoints admit the subnets. The pipeline's groups do not
// exist yet, so only a rule with an address range can admit them.
func endpointsAdmit(ctx context.Context, s *Stack) (Finding, error) {
	w, err := s.ways(ctx)
	if err != nil {
		return Finding{}, err
	}
	if len(w.demands) == 0 {
		return good("not needed: every subnet has a default route")
	}
	groups, err := s.groupsOf(ctx, w.endpoints)
	if err != nil {
		return Finding{}, err
	}
	var shut, commands []string
	for _, d := range w.demands {
		for _, service := range d.services {
			for _, e := range w.to(service) {
				for _, n := range d.subnets {
					admitted, err := e.admits(n, groups)
					if err != nil {
						return Finding{}, err
					}
					if !admitted {
						shut = append(shut, service+" from "+n.Cidr)
						commands = append(commands, s.cli("ec2 authorize-security-group-ingress --group-id %s --protocol tcp --port %d --cidr %s", e.Groups[0], https, n.Cidr))
					}
				}
			}
		}
	}
	if len(shut) > 0 {
		return bad(distinct(commands), "the endpoints' security groups do not admit port %d to: %s", https, some(distinct(shut)))
	}
	return good("the endpoints' security groups admit the subnets")
}

// groupsOf returns the security groups of endpoints, by id.
func (s *Stack) groupsOf(ctx context.Context, endpoints []endpoint) (map[string]*group, error) {
	all := map[string]*group{}
	for _, e := range endpoints {
		for _, id := range e.Groups {
			if all[id] != nil {
				continue
			}
			found, err := s.group(ctx, id)
			if err != nil {
				return nil, err
			}
			all[id] = found
		}
	}
	return all, nil
}

// admits reports whether one of the endpoint's groups admits the whole subnet. An endpoint without a group admits
// everything.
func (e endpoint) admits(n subnet, groups map[string]*group) (bool, error) {
	block, err := netip.ParsePrefix(n.Cidr)
	if err != nil {
		return false, fmt.Errorf("reading the block of %s: %w", n.ID, err)
	}
	return len(e.Groups) == 0 || slices.ContainsFunc(e.Groups, func(id string) bool { return groups[id].admits(block, https) }), nil
}
