// A Pulumi provider dynamically bridged from opensearch.
package opensearch
