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

func zonesOfVPC(s *Stack) int { return s.Config.Network.AvailabilityZones }

func databaseInstances(s *Stack) int { return s.Config.Source.Instances }

// deliveries are the one into OpenSearch and the one into the lake.
func deliveries(*Stack) int { return 2 }

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

// streamCapacity is in shards, or it is one stream on demand.
func streamCapacity(_ context.Context, s *Stack) (int, error) {
	if s.State.owns("aws:kinesis/stream:Stream", "name", s.Config.Stream.Name) {
		return 0, nil
	}
	return max(s.Config.Stream.Shards, 1), nil
}

// functions that a configuration makes: bootstrap, rotation, current state.
func functions(s *Stack) int {
	return 1 + count(s.Config.Source.Rotates()) + count(s.Config.Search.Current.On())
}

// concurrency that functions need: an execution each, or what is reserved for one of them.
func concurrency(_ context.Context, s *Stack) (int, error) {
	const typ = "aws:lambda/function:Function"
	current := s.Config.Search.Current
	if !current.On() || current.ReservedConcurrency == 0 {
		return max(functions(s)-s.State.count(typ), 0), nil
	}
	has := 0
	for _, f := range s.State.of(typ) {
		reserved, _ := f.Inputs["reservedConcurrentExecutions"].(float64)
		has = max(has, int(reserved))
	}
	return max(current.ReservedConcurrency-has, 0), nil
}

// roles that a configuration makes, with the two that DMS shares with the account.
func roles(s *Stack) int {
	c := s.Config
	flowLogs := c.Network.FlowLogs != nil && *c.Network.FlowLogs
	n := 2                                                        // account-wide
	n += 2                                                        // DMS reads the secret, and writes the stream
	n += deliveries(s)                                            // each its own
	n += functions(s) + count(c.Search.Current.On())              // the current state's sweep has a schedule with a role
	n += count(s.tunnels())                                       // the bastion
	n += count(flowLogs)                                          // the VPC's log
	n += count(c.KeepsTables())                                   // the tables' job
	n += count(s.makesDatabase() && c.Environment == config.Prod) // enhanced monitoring
	return n
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
