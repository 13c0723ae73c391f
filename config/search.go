package config

import (
	"cmp"
	"slices"
)

// Search is where you search rows and their history: an OpenSearch domain, or collections of OpenSearch Serverless.
type Search struct {
	// Kind is a domain, or collections of OpenSearch Serverless. Default domain.
	Kind SearchKind `json:"kind" pulumi:"kind,optional"`
	// Next is the kind to move to. The stack makes a place of that kind beside the present one, with its own delivery and current state.
	// `cdc replay --next` fills both from the lake. Afterwards set Kind to this kind and remove Next. Default none.
	Next SearchKind `json:"next" pulumi:"next,optional"`
	// CollectionName is the beginning of the collections' names, which end with -history and -current, [a-z][a-z0-9-]{2,23}. Default
	// retail-trans, followed by the stack's name unless the stack is dev.
	CollectionName string `json:"collectionName" pulumi:"collectionName,optional"`
	// StandbyReplicas keeps copies of the collections in other zones. Default false in dev, true in prod.
	StandbyReplicas *bool `json:"standbyReplicas" pulumi:"standbyReplicas,optional"`
	// Operators are the ARNs of IAM roles and users that may work in the collections, besides the deployer: search, repair, erase, and
	// open the dashboards. If several identities deploy the stack, name all of them here, or each deployment removes the access of the
	// one before.
	Operators []string `json:"operators" pulumi:"operators,optional"`
	// DomainName is the name of the domain, [a-z][a-z0-9-]{2,27}. Default retail-trans, followed by the stack's name unless the stack is
	// dev: retail-trans-prod.
	DomainName string `json:"domainName" pulumi:"domainName,optional"`
	// EngineVersion is the version of the domain, OpenSearch 2.5 or newer. Default OpenSearch_2.19.
	EngineVersion string `json:"engineVersion" pulumi:"engineVersion,optional"`
	// InstanceType is the type of the data nodes. Default t3.small.search in dev, r7g.large.search in prod.
	InstanceType string `json:"instanceType" pulumi:"instanceType,optional"`
	// InstanceCount is the number of data nodes, a multiple of AvailabilityZones. Default 1 in dev, 3 in prod.
	InstanceCount int `json:"instanceCount" pulumi:"instanceCount,optional"`
	// AvailabilityZones is how many zones the data nodes span: 1, 2 or 3. Default 1 in dev, 3 in prod.
	AvailabilityZones int `json:"availabilityZones" pulumi:"availabilityZones,optional"`
	// DedicatedMasters is the number of dedicated master nodes: 0, 3 or 5. Default 0 in dev, 3 in prod.
	DedicatedMasters *int `json:"dedicatedMasters" pulumi:"dedicatedMasters,optional"`
	// DedicatedMasterType is the type of the dedicated master nodes. Default m7g.large.search.
	DedicatedMasterType string `json:"dedicatedMasterType" pulumi:"dedicatedMasterType,optional"`
	// VolumeGb is the size of each data node's gp3 volume, 10 to 16384. Default 20 in dev, 100 in prod.
	VolumeGb int `json:"volumeGb" pulumi:"volumeGb,optional"`
	// Reach is how the deployment reaches the endpoint of the domain or of the collections. Default tunnel.
	Reach Reach `json:"reach" pulumi:"reach,optional"`
	// TunnelPort is the local port of the tunnel to the domain, 1024 to 65535. Two stacks that you deploy at the same time need different
	// ports. Default 9200.
	TunnelPort int `json:"tunnelPort" pulumi:"tunnelPort,optional"`
	// GatewayPort is the local port of the gateway that signs requests to the collections, with every Reach, 1024 to 65535. Two stacks
	// that you deploy at the same time need different ports. Default 9201.
	GatewayPort int `json:"gatewayPort" pulumi:"gatewayPort,optional"`
	// HistoryIndex is the base name and the alias of a domain's daily history indices, and the name of the one history index in a
	// collection. A named source has NAME-retail-trans. Default retail-trans.
	HistoryIndex string `json:"historyIndex" pulumi:"historyIndex,optional"`
	// HistoryRetentionDays is after how many days a domain deletes a daily index, or a collection a document. A collection deletes at its
	// best effort, within 48 hours or a tenth of the retention, whichever is longer. Default 30 in dev, 90 in prod.
	HistoryRetentionDays int `json:"historyRetentionDays" pulumi:"historyRetentionDays,optional"`
	// BufferMb is the delivery's buffer size, 1 to 100. Default 1.
	BufferMb int `json:"bufferMb" pulumi:"bufferMb,optional"`
	// BufferSeconds is the delivery's buffer time, 0 to 900. Default 5.
	BufferSeconds *int `json:"bufferSeconds" pulumi:"bufferSeconds,optional"`
	// RetrySeconds is how long the delivery retries before it parks a document in S3, 0 to 7200. Default 300.
	RetrySeconds *int `json:"retrySeconds" pulumi:"retrySeconds,optional"`
	// TimeZone is the time zone of a domain's dashboards. Default Etc/UTC.
	TimeZone string `json:"timeZone" pulumi:"timeZone,optional"`
	// PasswordGeneration is the number of the domain's master password. Raise it to make a new password. Default 0.
	PasswordGeneration int `json:"passwordGeneration" pulumi:"passwordGeneration,optional"`
	// Current keeps each row as it is now, beside the history of its changes.
	Current CurrentState `json:"current" pulumi:"current,optional"`
}

// SearchKind names the place where you search.
type SearchKind string

const (
	// OnDomain is a domain of Amazon OpenSearch Service, with nodes of its own and a security plugin.
	OnDomain SearchKind = "domain"
	// OnCollections is two collections of Amazon OpenSearch Serverless, which provides capacity as needed.
	OnCollections SearchKind = "serverless"
)

// Kinds returns the kinds of the places where you search: the present kind, and Next if it is set. Call it after
// WithDefaults.
func (s Search) Kinds() []SearchKind {
	if s.Next == "" || s.Next == s.Kind {
		return []SearchKind{s.Kind}
	}
	return []SearchKind{s.Kind, s.Next}
}

// On reports whether the stack has a place of this kind. Call it after WithDefaults.
func (s Search) On(kind SearchKind) bool { return slices.Contains(s.Kinds(), kind) }

// Only returns the configuration for one kind, as if the other did not exist.
func (s Search) Only(kind SearchKind) Search {
	s.Kind, s.Next = kind, ""
	if kind == OnCollections {
		s.DomainName, s.EngineVersion, s.InstanceType, s.InstanceCount, s.AvailabilityZones, s.DedicatedMasters = "", "", "", 0, 0, nil
		s.DedicatedMasterType, s.VolumeGb, s.TunnelPort, s.TimeZone, s.PasswordGeneration = "", 0, 0, "", 0
		return s
	}
	s.CollectionName, s.StandbyReplicas, s.Operators, s.GatewayPort = "", nil, nil, 0
	return s
}

// Serverless reports whether the present kind is serverless. Call it after WithDefaults.
func (s Search) Serverless() bool { return s.Kind == OnCollections }

// Reach names how the deployment reaches the domain's endpoint, which is inside the VPC.
type Reach string

const (
	// ReachTunnel forwards a local port through a bastion by AWS Systems Manager. The bastion has no public address and no key, and you
	// can deploy from anywhere.
	ReachTunnel Reach = "tunnel"
	// ReachDirect connects to the endpoint without a bastion. Deploy from inside the VPC, or through an AWS Client VPN of it.
	ReachDirect Reach = "direct"
)

// WithDefaults fills unset settings.
func (s Search) WithDefaults(env Environment) Search {
	s.Kind = cmp.Or(s.Kind, OnDomain)
	s.Reach = cmp.Or(s.Reach, ReachTunnel)
	if s.On(OnCollections) {
		s.CollectionName = cmp.Or(s.CollectionName, defaultDomainName)
		s.StandbyReplicas = cmp.Or(s.StandbyReplicas, new(env == Prod))
		s.GatewayPort = cmp.Or(s.GatewayPort, 9201)
	}
	if s.On(OnDomain) {
		s = s.withDomainDefaults(env)
	}
	s.HistoryIndex = cmp.Or(s.HistoryIndex, "retail-trans")
	s.HistoryRetentionDays = cmp.Or(s.HistoryRetentionDays, choose(env, 30, 90))
	s.BufferMb = cmp.Or(s.BufferMb, 1)
	s.BufferSeconds = cmp.Or(s.BufferSeconds, new(5))
	s.RetrySeconds = cmp.Or(s.RetrySeconds, new(300))
	s.Current = s.Current.WithDefaults(env)
	return s
}

// withDomainDefaults fills unset settings that only a domain has.
func (s Search) withDomainDefaults(env Environment) Search {
	s.DomainName = cmp.Or(s.DomainName, defaultDomainName)
	s.EngineVersion = cmp.Or(s.EngineVersion, "OpenSearch_2.19")
	s.InstanceType = cmp.Or(s.InstanceType, choose(env, "t3.small.search", "r7g.large.search"))
	s.InstanceCount = cmp.Or(s.InstanceCount, choose(env, 1, 3))
	s.AvailabilityZones = cmp.Or(s.AvailabilityZones, choose(env, 1, 3))
	s.DedicatedMasters = cmp.Or(s.DedicatedMasters, new(choose(env, 0, 3)))
	s.DedicatedMasterType = cmp.Or(s.DedicatedMasterType, "m7g.large.search")
	s.VolumeGb = cmp.Or(s.VolumeGb, choose(env, 20, 100))
	s.TimeZone = cmp.Or(s.TimeZone, "Etc/UTC")
	if s.Reach == ReachTunnel {
		s.TunnelPort = cmp.Or(s.TunnelPort, 9200)
	}
	return s
}
