package config

import (
	"cdcpipeline/internal/naming"
	"cmp"
	"maps"
	"strings"
)

// DefaultStack is the stack whose resources have the walkthrough's names.
const DefaultStack = "dev"

// Named adds the stack's name to the default names of the cluster, the stream and the domain. Their names are
// unique in an account and region, so two stacks then fit into one account. It changes neither names that the user
// set nor the defaults of the stack dev. Call it before WithDefaults.
func (c Config) Named(stack string) Config {
	if stack == DefaultStack {
		return c
	}
	if c.unnamed() && c.Source.Existing == nil && c.Source.ClusterName == "" {
		c.Source.ClusterName = naming.Fit(maxClusterName, defaultClusterName, stack)
	}
	if c.unnamed() && c.Stream.Name == "" {
		c.Stream.Name = fitStream(stack)
	}
	c.Sources = maps.Clone(c.Sources)
	for name, s := range c.Sources {
		c.Sources[name] = s.named(stack, name)
	}
	kinds := c.Search
	kinds.Kind = cmp.Or(kinds.Kind, OnDomain)
	if kinds.On(OnCollections) && c.Search.CollectionName == "" {
		c.Search.CollectionName = naming.Fit(maxCollectionName, defaultDomainName, stack)
	}
	if kinds.On(OnDomain) && c.Search.DomainName == "" {
		c.Search.DomainName = naming.Fit(maxDomainName, defaultDomainName, stack)
	}
	return c
}

// fitStream returns the default name of a stream. It shortens a name that is too long and appends a hash of the
// whole name.
func fitStream(parts ...string) string {
	name := strings.Join(append([]string{defaultStreamName}, parts...), "_")
	if len(name) <= maxStreamName {
		return name
	}
	hash := naming.Digest(name)
	return name[:maxStreamName-len(hash)-1] + "_" + hash
}

// These are the walkthrough's names, and AWS's limits for names:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html,
// https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_CreateDomain.html.
const (
	defaultClusterName = "dms-src"
	defaultStreamName  = "retail_trans_stream"
	defaultDomainName  = "retail-trans"
	maxClusterName     = 60 // RDS allows 63; instances append their number
	maxStreamName      = 128
	maxDomainName      = 28
	// maxCollectionName leaves room for the suffix of each collection and policy. AWS allows 32 characters:
	// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_CreateCollection.html.
	maxCollectionName = 24
)
