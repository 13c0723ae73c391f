package preflight

import (
	"cdcpipeline/config"
	"context"
)

// The functions below calculate how much of each quota a stack uses. A test compares them with what the program
// registers.

// more returns how many more resources of a type a configuration makes than the stack has.
func more(typ string, makes func(s *Stack) int) func(context.Context, *Stack) (int, error) {
	return func(_ context.Context, s *Stack) (int, error) { return max(makes(s)-s.State.count(typ), 0), nil }
}

func one(*Stack) int { return 1 }

// ofFeeds adds up what each source makes.
func ofFeeds(makes func(f config.Feed) int) func(s *Stack) int {
	return func(s *Stack) (n int) {
		for _, f := range s.Config.Feeds() {
			n += makes(f)
		}
		return n
	}
}

func cluster(f config.Feed) int { return count(makesCluster(f)) }

func replicationInstance(f config.Feed) int { return count(replicates(f, config.OnInstance)) }

func zonesOfVPC(s *Stack) int { return s.Config.Network.AvailabilityZones }

func databaseInstances(f config.Feed) int { return f.Source.Instances }

// deliveries counts the deliveries of a source: one to the lake, and one to each search place.
func deliveries(f config.Feed) int { return 1 + len(f.Search.Kinds()) }

// gatewayEndpoint counts the gateway endpoint of S3. All other endpoints are interface endpoints.
func gatewayEndpoint(_ context.Context, s *Stack) (int, error) {
	return count(!s.State.owns("aws:ec2/vpcEndpoint:VpcEndpoint", "vpcEndpointType", "Gateway")), nil
}

// natGateway returns one if the stack still makes NAT gateways. Each zone gets one, and the quota applies to a zone.
func natGateway(_ context.Context, s *Stack) (int, error) {
	return count(s.State.count("aws:ec2/natGateway:NatGateway") < zonesOfVPC(s)), nil
}

func domainNodes(_ context.Context, s *Stack) (int, error) {
	return s.Config.Search.InstanceCount + *s.Config.Search.DedicatedMasters, nil
}

// streams returns the stack's streams, either the provisioned or the on-demand ones.
func (s *Stack) streams(provisioned bool) (found []config.Stream) {
	for _, f := range s.Config.Feeds() {
		if f.Stream.Shards > 0 == provisioned {
			found = append(found, f.Stream)
		}
	}
	return found
}

func (s *Stack) allProvisioned() bool { return len(s.streams(false)) == 0 }

// bothKinds reports whether the stack has on-demand and provisioned streams. Separate quotas count the two kinds.
func (s *Stack) bothKinds() bool { return !s.allProvisioned() && len(s.streams(true)) > 0 }

// streamCapacity counts on-demand streams. If the stack has none, it counts shards.
func streamCapacity(_ context.Context, s *Stack) (int, error) {
	return s.capacity(s.allProvisioned()), nil
}

func shards(_ context.Context, s *Stack) (int, error) { return s.capacity(true), nil }

func (s *Stack) capacity(provisioned bool) (n int) {
	for _, stream := range s.streams(provisioned) {
		if !s.State.owns("aws:kinesis/stream:Stream", "name", stream.Name) {
			n += max(stream.Shards, 1)
		}
	}
	return n
}

// currentStates counts a source's current states: one for each search place.
func currentStates(f config.Feed) int {
	if !f.Search.Current.On() {
		return 0
	}
	return len(f.Search.Kinds())
}

// functions counts the functions of a source: bootstrap, rotation, current states and canary.
func functions(f config.Feed) int {
	return 1 + count(f.Source.Rotates()) + currentStates(f) + count(f.Canary)
}

// concurrency returns how many concurrent executions a deployment adds. It is one for each function or, if the current
// states have reserved concurrency, their reservation.
func concurrency(_ context.Context, s *Stack) (int, error) {
	const typ = "aws:lambda/function:Function"
	current := s.Config.Search.Current
	if !current.On() || current.ReservedConcurrency == 0 {
		return max(ofFeeds(functions)(s)-s.State.count(typ), 0), nil
	}
	has := 0
	for _, f := range s.State.of(typ) {
		reserved, _ := f.Inputs["reservedConcurrentExecutions"].(float64)
		has += max(int(reserved), 0)
	}
	return max(current.ReservedConcurrency*ofFeeds(currentStates)(s)-has, 0), nil
}

// roles counts the roles that a configuration makes, with the two account-wide roles of DMS.
func roles(s *Stack) int {
	c := s.Config
	flowLogs := c.Network.FlowLogs != nil && *c.Network.FlowLogs
	n := 2                  // the two account-wide roles
	n += count(s.tunnels()) // one for the bastion
	n += count(flowLogs)    // one for the VPC's flow log
	n++                     // one for the network interfaces of all search deliveries; it counts for the unnamed source
	for _, f := range c.Feeds() {
		n += 2                                                      // DMS needs one to read the secret and one to write to the stream
		n += 1 + count(f.Name != "")*len(f.Search.Kinds())          // one for the delivery to the lake, and one for each search delivery
		n += functions(f) + currentStates(f) + count(f.Canary)      // each function has one; schedules of a sweep and of a canary have one, too
		n += count(f.KeepsTables())                                 // one for the tables' job
		n += count(makesCluster(f) && c.Environment == config.Prod) // one for enhanced monitoring
	}
	return n
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
