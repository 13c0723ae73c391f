package rules

import (
	"cdcpipeline/policy/iam"
	"cdcpipeline/policy/view"
	"slices"
)

const domainType = "aws:opensearch/domain:Domain"

// Domain is an OpenSearch domain.
type Domain struct {
	AccessPolicies view.Of[string] `prop:"accessPolicies"`
	Cluster        struct {
		InstanceCount          view.Of[float64] `prop:"instanceCount"`
		ZoneAwarenessEnabled   view.Of[bool]    `prop:"zoneAwarenessEnabled"`
		DedicatedMasterEnabled view.Of[bool]    `prop:"dedicatedMasterEnabled"`
		DedicatedMasterCount   view.Of[float64] `prop:"dedicatedMasterCount"`
	} `prop:"clusterConfig"`
	Vpc struct {
		SubnetIDs view.Strings `prop:"subnetIds"`
	} `prop:"vpcOptions"`
	AtRest struct {
		Enabled view.Of[bool] `prop:"enabled"`
	} `prop:"encryptAtRest"`
	BetweenNodes struct {
		Enabled view.Of[bool] `prop:"enabled"`
	} `prop:"nodeToNodeEncryption"`
	Endpoint struct {
		EnforceHTTPS      view.Of[bool]   `prop:"enforceHttps"`
		TLSSecurityPolicy view.Of[string] `prop:"tlsSecurityPolicy"`
	} `prop:"domainEndpointOptions"`
	Access struct {
		Enabled view.Of[bool] `prop:"enabled"`
	} `prop:"advancedSecurityOptions"`
	Logs           view.Of[[]DomainLog] `prop:"logPublishingOptions"`
	SoftwareUpdate struct {
		Auto view.Of[bool] `prop:"autoSoftwareUpdateEnabled"`
	} `prop:"softwareUpdateOptions"`
}

// DomainLog is a log that a domain publishes.
type DomainLog struct {
	Type    view.Of[string] `prop:"logType"`
	Enabled view.Of[bool]   `prop:"enabled"`
}

// modernTLS lists the TLS policies that Opensearch.8 accepts.
var modernTLS = []string{"Policy-Min-TLS-1-2-PFS-2023-10", "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08"}

func openSearch() []Rule {
	of := func(number, title string, severity Severity, change, unseen, answer string, check func(Domain) []Violation) Rule {
		return Rule{
			Name: "opensearch-" + number, Title: title, Severity: severity, Controls: []string{"Opensearch." + number}, Types: []string{domainType},
			Change: change, Unseen: unseen, Default: answer, Check: each(domainType, check),
		}
	}
	flag := func(what string, get func(Domain) view.Of[bool]) func(Domain) []Violation {
		return func(d Domain) []Violation { return broken(get(d).Isnt(true), "%s is %s", what, get(d)) }
	}
	return []Rule{
		of("1", "Domains are encrypted at rest", Medium, "encryptAtRest.enabled: true", "assumed to be on", "on, with the stack's key",
			flag("encryptAtRest.enabled", func(d Domain) view.Of[bool] { return d.AtRest.Enabled })),
		of("2", "Domains are inside a VPC", Critical, "vpcOptions.subnetIds; it replaces the domain", "assumed to be inside", "private subnets",
			func(d Domain) []Violation { return broken(d.Vpc.SubnetIDs.Unset(), "it has a public endpoint") }),
		of("3", "Domains encrypt the traffic between nodes", Medium, "nodeToNodeEncryption.enabled: true", "assumed to be on", "on",
			flag("nodeToNodeEncryption.enabled", func(d Domain) view.Of[bool] { return d.BetweenNodes.Enabled })),
		of("4", "Domains publish their error log", Medium, "logPublishingOptions with ES_APPLICATION_LOGS", "assumed to be published", "published, encrypted",
			publishes("ES_APPLICATION_LOGS")),
		of("5", "Domains publish their audit log", Medium, "logPublishingOptions with AUDIT_LOGS", "assumed to be published",
			"published, encrypted, and turned on inside the domain", publishes("AUDIT_LOGS")),
		of("6", "Domains have three data nodes over several zones", Medium,
			"clusterConfig.instanceCount: 3 or more and zoneAwarenessEnabled (search.instanceCount, search.availabilityZones)", "assumed to be enough",
			"prod: three nodes in three zones; dev: one node, an exception", dataNodes),
		of("7", "Domains have fine-grained access control", High, "advancedSecurityOptions.enabled: true", "assumed to be on", "on, with an internal master user",
			flag("advancedSecurityOptions.enabled", func(d Domain) view.Of[bool] { return d.Access.Enabled })),
		of("8", "Connections to domains use the latest TLS policy", Medium,
			"domainEndpointOptions.enforceHttps: true and tlsSecurityPolicy: "+modernTLS[0], "assumed to be the latest", modernTLS[0], latestTLS),
		of("10", "Domains take software updates", Low, "softwareUpdateOptions.autoSoftwareUpdateEnabled: true",
			"assumed to be on; only AWS knows whether an update is waiting", "on",
			flag("autoSoftwareUpdateEnabled", func(d Domain) view.Of[bool] { return d.SoftwareUpdate.Auto })),
		of("11", "Domains have three dedicated masters", Low, "clusterConfig.dedicatedMasterCount: 3 (search.dedicatedMasters)", "assumed to be enough",
			"prod: three; dev: none, an exception", dedicatedMasters),
		{
			Name: "domain-is-closed", Title: "A domain's access policy is open to everybody only inside a VPC and with fine-grained access control", Severity: Critical,
			Types:  []string{domainType},
			Change: "vpcOptions and advancedSecurityOptions, or an access policy that names its principals", Unseen: "a policy that cannot be read counts as closed",
			Default: "es:ESHttp* is open to callers inside the VPC whom the domain's own users and role mappings then judge: a policy that names IAM " +
				"principals would refuse basic authentication",
			Check: each(domainType, closed),
		},
	}
}

func publishes(kind string) func(Domain) []Violation {
	return func(d Domain) []Violation {
		logs, known := d.Logs.Get()
		on := slices.ContainsFunc(logs, func(l DomainLog) bool {
			return (l.Type.Is(kind) || l.Type.Unknown()) && !l.Enabled.Is(false)
		})
		return broken((known || d.Logs.Unset()) && !on, "%s is not published", kind)
	}
}

func dataNodes(d Domain) []Violation {
	nodes, known := d.Cluster.InstanceCount.Get()
	return append(
		broken((known || d.Cluster.InstanceCount.Unset()) && nodes < 3, "it has %v data nodes", max(nodes, 1)),
		broken(nodes >= 3 && d.Cluster.ZoneAwarenessEnabled.Isnt(true), "its nodes are in one zone")...)
}

func latestTLS(d Domain) []Violation {
	policy, known := d.Endpoint.TLSSecurityPolicy.Get()
	return append(
		broken(d.Endpoint.EnforceHTTPS.Is(false), "it answers plain HTTP"),
		broken((known || d.Endpoint.TLSSecurityPolicy.Unset()) && !slices.Contains(modernTLS, policy), "tlsSecurityPolicy is %s", d.Endpoint.TLSSecurityPolicy)...)
}

func dedicatedMasters(d Domain) []Violation {
	if d.Cluster.DedicatedMasterEnabled.Isnt(true) {
		return broken(true, "it has no dedicated masters")
	}
	masters, known := d.Cluster.DedicatedMasterCount.Get()
	return broken(known && masters < 3, "it has %v dedicated masters", masters)
}

func closed(d Domain) []Violation {
	text, known := d.AccessPolicies.Get()
	if !known {
		return nil
	}
	document, err := iam.Parse(text)
	if err != nil {
		return broken(true, "its access policy cannot be read: %v", err)
	}
	for _, s := range document.Statement {
		if s.Allows() && s.Anyone() && len(s.Condition) == 0 {
			return broken(d.Vpc.SubnetIDs.Unset() || d.Access.Enabled.Isnt(true), "everybody may call it, and nothing else stops them")
		}
	}
	return nil
}
