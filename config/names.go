package config

import (
	"cdcpipeline/internal/naming"
	"cmp"
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
	if c.Source.Existing == nil && c.Source.ClusterName == "" {
		c.Source.ClusterName = naming.Fit(maxClusterName, defaultClusterName, stack)
	}
	if c.Stream.Name == "" {
		c.Stream.Name = defaultStreamName + "_" + stack // of the same letters, 100 at most
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

// Names that the walkthrough gives, and limits of AWS:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html,
// https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_CreateDomain.html.
const (
	defaultClusterName = "dms-src"
	defaultStreamName  = "retail_trans_stream"
	defaultDomainName  = "retail-trans"
	maxClusterName     = 63
	maxDomainName      = 28
	// maxCollectionName leaves room for what each collection's and each policy's name ends with: 32 are AWS's,
	// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_CreateCollection.html.
	maxCollectionName = 24
)
