package preflight

import (
	"cdcpipeline/config"
	"context"
)

// What a stack takes, as far as a quota counts it. A test compares it with what the program registers.

// more of a type of resource is what a configuration makes, less what the stack has.
func more(typ string, makes func(s *Stack) int) func(context.Context, *Stack) (int, error) {
	return func(_ context.Context, s *Stack) (int, error) { return max(makes(s)-s.State.count(typ), 0), nil }
}

func one(*Stack) int { return 1 }

// ofFeeds is the sum of what each source makes.
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

// deliveries of a source are the one into the lake and one into each place that is searched.
func deliveries(f config.Feed) int { return 1 + len(f.Search.Kinds()) }

// gatewayEndpoint is S3's; the others are interfaces.
func gatewayEndpoint(_ context.Context, s *Stack) (int, error) {
	return count(!s.State.owns("aws:ec2/vpcEndpoint:VpcEndpoint", "vpcEndpointType", "Gateway")), nil
}

// natGateway is one in each zone, and the quota is of a zone.
func natGateway(_ context.Context, s *Stack) (int, error) {
	return count(s.State.count("aws:ec2/natGateway:NatGateway") < zonesOfVPC(s)), nil
}

func domainNodes(_ context.Context, s *Stack) (int, error) {
	return s.Config.Search.InstanceCount + *s.Config.Search.DedicatedMasters, nil
}

// streams of the stack, on demand or with shards.
func (s *Stack) streams(provisioned bool) (found []config.Stream) {
	for _, f := range s.Config.Feeds() {
		if f.Stream.Shards > 0 == provisioned {
			found = append(found, f.Stream)
		}
	}
	return found
}

func (s *Stack) allProvisioned() bool { return len(s.streams(false)) == 0 }

// bothKinds says that some streams are on demand and others have shards, which are counted in quotas of their own.
func (s *Stack) bothKinds() bool { return !s.allProvisioned() && len(s.streams(true)) > 0 }

// streamCapacity is in streams on demand or, where there are none, in shards.
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

// currentStates of a source: one for each place that is searched.
func currentStates(f config.Feed) int {
	if !f.Search.Current.On() {
		return 0
	}
	return len(f.Search.Kinds())
}

// functions that a source makes: bootstrap, rotation, current states, canary.
func functions(f config.Feed) int {
	return 1 + count(f.Source.Rotates()) + currentStates(f) + count(f.Canary)
}

// concurrency that functions need: an execution each, or what is reserved for some of them.
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

// roles that a configuration makes, with the two that DMS shares with the account.
func roles(s *Stack) int {
	c := s.Config
	flowLogs := c.Network.FlowLogs != nil && *c.Network.FlowLogs
	n := 2                  // account-wide
	n += count(s.tunnels()) // the bastion
	n += count(flowLogs)    // the VPC's log
	n++                     // the network interfaces of all deliveries into what is searched, which is the unnamed source's for all else too
	for _, f := range c.Feeds() {
		n += 2                                                      // DMS reads the secret, and writes the stream
		n += 1 + count(f.Name != "")*len(f.Search.Kinds())          // the delivery into the lake, and those into what is searched
		n += functions(f) + currentStates(f) + count(f.Canary)      // a current state's sweep has a schedule with a role, and so has a canary
		n += count(f.KeepsTables())                                 // the tables' job
		n += count(makesCluster(f) && c.Environment == config.Prod) // enhanced monitoring
	}
	return n
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
