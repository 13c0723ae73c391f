// Package typed checks TypeScript and Python programs against the types of the committed SDKs, like an editor.
// These are the programs in examples/ and in the components' pages, and the rehearsal's own drivers. The test
// downloads the type checkers. It runs with the tag languages: make test-languages.
package typed
