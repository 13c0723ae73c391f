package opensearchserverless

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADeliveryIsAskedForBeforeItsPolicyAndAfterIt(t *testing.T) {
	s := newScene(t, Options{Probe: true})
	one, node := s.collection("TIMESERIES")
	node.have(map[string]string{"changes": ""})
	_, err := s.all.Probe(t.Context())
	require.ErrorContains(t, err, "no delivery's role")
	role := s.role("delivery")
	s.grant("reads", role, map[string][]string{"index/" + s.n + "/changes": {readDocument, writeDocument}})
	_, err = s.all.Probe(t.Context())
	require.ErrorContains(t, err, "no delivery's role", "who reads too is no delivery")

	s.call("DeleteAccessPolicy", `{"name":"`+s.n+`-reads","type":"data"}`)
	s.grant("writes", role, map[string][]string{"index/" + s.n + "/changes": {createIndex, updateIndex, writeDocument}})
	probe, err := s.all.Probe(t.Context())
	require.ErrorContains(t, err, "cannot write", "the fake gives its document no id")
	require.Equal(t, Probe{Role: role, Collection: one.Name, Index: "changes", BeforeStatus: http.StatusForbidden, BeforeMessage: probe.BeforeMessage, AfterStatus: http.StatusCreated}, probe)
	require.Contains(t, probe.BeforeMessage, "no data access policy allows aoss:WriteDocument to "+role)
}
