package config

import (
	"cdcpipeline/internal/naming"
	"cmp"
	"maps"
	"strings"
)

// DefaultStack is the stack whose resources have the names of the walkthrough.
const DefaultStack = "dev"

// Named gives the stack's name to what an account has only one of, by its name, in a region: the cluster, the stream and
// the domain. So two stacks can live in one account. Names that are set stay, and so do the defaults of the stack dev.
// Call it before WithDefaults.
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

// fitStream is the default name of a stream; one that is too long ends in a hash of all of it.
func fitStream(parts ...string) string {
	name := strings.Join(append([]string{defaultStreamName}, parts...), "_")
	if len(name) <= maxStreamName {
		return name
	}
	hash := naming.Digest(name)
	return name[:maxStreamName-len(hash)-1] + "_" + hash
}

// Names that the walkthrough gives, and limits of AWS:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html,
// https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_CreateDomain.html.
const (
	defaultClusterName = "dms-src"
	defaultStreamName  = "retail_trans_stream"
	defaultDomainName  = "retail-trans"
	maxClusterName     = 60 // of RDS's 63, for instances append their number
	maxStreamName      = 128
	maxDomainName      = 28
	// maxCollectionName leaves room for what each collection's and each policy's name ends with: 32 are AWS's,
	// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_CreateCollection.html.
	maxCollectionName = 24
)
