package conformancetest

import (
	"cdcpipeline/internal/operator/conformance"
	_ "embed"
	"encoding/json"
	"testing"
)

// recorded is what a probe has seen in a rehearsal: the member evidence of its result.
//
//go:embed evidence.json
var recorded []byte

// Evidence returns the evidence of a probe in which every assumption holds.
func Evidence(t testing.TB) *conformance.Evidence {
	t.Helper()
	var e conformance.Evidence
	if err := json.Unmarshal(recorded, &e); err != nil {
		t.Fatalf("reading the recorded evidence: %v", err)
	}
	return &e
}
