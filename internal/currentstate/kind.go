package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"context"
)

// kind is what differs between the indices of a domain and those of a collection of OpenSearch Serverless, for who writes them.
type kind interface {
	// target is the name under which the documents of an index are written.
	target(index string) string
	// versionType by which OpenSearch compares the versions of two documents of a row.
	versionType() string
	// ofBulk and ofRows are parameters of every bulk request, and of one of rows.
	ofBulk() string
	ofRows() string
	// make an index of a table that is read under an alias, or make one that is there ready to be written. The answer says that it has all
	// columns of its entry.
	make(ctx context.Context, c *client, e *entry, index, alias string) (complete bool, err error)
	// lost says of a verdict that the index is not there, or not as it was made: it has to be made again.
	lost(v *verdict) bool
	// check says what is wrong with the name under which an index is written.
	check(ctx context.Context, c *client, index string) error
	// asked is the parameter of a search by which the hits say which document they are, for unchanged.
	asked() string
	// unchanged is the condition of a deletion that the document is still the tombstone that was found, as members of its action.
	unchanged(b []byte, t tombstone) []byte
	// formerRegistry says that a former release may have left its registry there.
	formerRegistry() bool
}

// kindOf the indices behind a service; shards and replicas are a domain's.
func kindOf(service opensearch.Service, shards, replicas int) kind {
	if service == opensearch.Serverless {
		return collectionIndices{}
	}
	return domainIndices{shards, replicas}
}
