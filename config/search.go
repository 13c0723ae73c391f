package config

import "cmp"

// Search is the OpenSearch domain and the history index in it.
type Search struct {
	// DomainName, [a-z][a-z0-9-]{2,27}. Default retail-trans, with the stack's name behind it unless the stack is dev:
	// retail-trans-prod.
	DomainName string `json:"domainName"`
	// EngineVersion of the domain, OpenSearch 2 or newer. Default OpenSearch_2.19.
	EngineVersion string `json:"engineVersion"`
	// InstanceType of data nodes. Default t3.small.search in dev, r7g.large.search in prod.
	InstanceType string `json:"instanceType"`
	// InstanceCount of data nodes, a multiple of the zones used. Default 1 in dev, 3 in prod.
	InstanceCount int `json:"instanceCount"`
	// AvailabilityZones the data nodes span: 1, 2 or 3. Default 1 in dev, 3 in prod.
	AvailabilityZones int `json:"availabilityZones"`
	// DedicatedMasters: 0, 3 or 5. Default 0 in dev, 3 in prod.
	DedicatedMasters *int `json:"dedicatedMasters"`
	// DedicatedMasterType of dedicated masters. Default m7g.large.search.
	DedicatedMasterType string `json:"dedicatedMasterType"`
	// VolumeGb of each data node's gp3 volume, 10 to 16384. Default 20 in dev, 100 in prod.
	VolumeGb int `json:"volumeGb"`
	// Reach is how the deployment reaches the domain's endpoint. Default tunnel.
	Reach Reach `json:"reach"`
	// TunnelPort of this machine, 1024 to 65535, on which the tunnel to the domain listens; each of two stacks that are
	// deployed at the same time needs its own. Default 9200.
	TunnelPort int `json:"tunnelPort"`
	// HistoryIndex is the base name and alias of the daily history indices. Default retail-trans.
	HistoryIndex string `json:"historyIndex"`
	// HistoryRetentionDays before ISM deletes a daily index. Default 30 in dev, 90 in prod.
	HistoryRetentionDays int `json:"historyRetentionDays"`
	// BufferMb of the delivery, 1 to 100. Default 1.
	BufferMb int `json:"bufferMb"`
	// BufferSeconds of the delivery, 0 to 900. Default 5.
	BufferSeconds *int `json:"bufferSeconds"`
	// RetrySeconds before the delivery parks a document in S3, 0 to 7200. Default 300.
	RetrySeconds *int `json:"retrySeconds"`
	// TimeZone of the dashboards. Default Etc/UTC.
	TimeZone string `json:"timeZone"`
	// PasswordGeneration counts the master passwords that were asked for: raise it, and a new one is made. Default 0.
	PasswordGeneration int `json:"passwordGeneration"`
	// Current is each row as it is now, beside the history of its changes.
	Current CurrentState `json:"current"`
}

// Reach names how the deployment reaches the domain's endpoint, which is inside the VPC.
type Reach string

const (
	// ReachTunnel forwards a port of this machine through a bastion, an instance without a public address or a key,
	// by AWS Systems Manager: the deployment may run anywhere.
	ReachTunnel Reach = "tunnel"
	// ReachDirect connects straight to the endpoint, without a bastion: the deployment runs inside the VPC, or
	// in an AWS Client VPN of it.
	ReachDirect Reach = "direct"
)

// WithDefaults fills what is not set.
func (s Search) WithDefaults(env Environment) Search {
	s.DomainName = cmp.Or(s.DomainName, defaultDomainName)
	s.EngineVersion = cmp.Or(s.EngineVersion, "OpenSearch_2.19")
	s.InstanceType = cmp.Or(s.InstanceType, choose(env, "t3.small.search", "r7g.large.search"))
	s.InstanceCount = cmp.Or(s.InstanceCount, choose(env, 1, 3))
	s.AvailabilityZones = cmp.Or(s.AvailabilityZones, choose(env, 1, 3))
	s.DedicatedMasters = cmp.Or(s.DedicatedMasters, new(choose(env, 0, 3)))
	s.DedicatedMasterType = cmp.Or(s.DedicatedMasterType, "m7g.large.search")
	s.VolumeGb = cmp.Or(s.VolumeGb, choose(env, 20, 100))
	s.Reach = cmp.Or(s.Reach, ReachTunnel)
	if s.Reach == ReachTunnel {
		s.TunnelPort = cmp.Or(s.TunnelPort, 9200)
	}
	s.HistoryIndex = cmp.Or(s.HistoryIndex, "retail-trans")
	s.HistoryRetentionDays = cmp.Or(s.HistoryRetentionDays, choose(env, 30, 90))
	s.BufferMb = cmp.Or(s.BufferMb, 1)
	s.BufferSeconds = cmp.Or(s.BufferSeconds, new(5))
	s.RetrySeconds = cmp.Or(s.RetrySeconds, new(300))
	s.TimeZone = cmp.Or(s.TimeZone, "Etc/UTC")
	s.Current = s.Current.WithDefaults(env)
	return s
}
