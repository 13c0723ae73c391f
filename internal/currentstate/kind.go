package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"context"
)

// kind has the operations that differ between indices of a domain and of a collection of OpenSearch Serverless.
type kind interface {
	// target is the name under which documents of an index are written.
	target(index string) string
	// versionType is the rule by which OpenSearch compares two versions of a document.
	versionType() string
	// ofBulk returns parameters of every bulk request; ofRows returns those of requests that write rows.
	ofBulk() string
	ofRows() string
	// make makes an index and its alias, or prepares an existing index for writing. complete is true if the index
	// has all columns of its entry.
	make(ctx context.Context, c *client, e *entry, index, alias string) (complete bool, err error)
	// lost reports whether a verdict means that the index is missing, or not as this package makes it. Then it
	// must be made again.
	lost(v *verdict) bool
	// check returns an error if the name under which an index is written is unusable.
	check(ctx context.Context, c *client, index string) error
	// asked is the search parameter that returns the versions of hits, for unchanged.
	asked() string
	// unchanged appends a condition to a deletion's action: the document must still be the tombstone that was
	// found.
	unchanged(b []byte, t tombstone) []byte
	// formerRegistry reports whether a former release may have left its registry there.
	formerRegistry() bool
}

// kindOf returns the kind of a service's indices. shards and replicas apply to a domain only.
func kindOf(service opensearch.Service, shards, replicas int) kind {
	if service == opensearch.Serverless {
		return collectionIndices{}
	}
	return domainIndices{shards, replicas}
}
