// Package typed holds the programs of TypeScript and Python against the types of the committed SDKs, as their authors' editors do: those of examples/, those of
// the components' pages, and the rehearsal's own drivers. Its test downloads what checks them, and runs with the tag languages: make test-languages.
package typed
