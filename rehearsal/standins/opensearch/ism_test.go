package opensearch

import (
	"cdcpipeline/rehearsal/stores"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const deleteByAge = `{"policy":{"description":"d","default_state":"hot","states":[
	{"name":"hot","transitions":[{"state_name":"gone","conditions":{"min_index_age":"30d"}}]},{"name":"gone","actions":[{"delete":{}}]}],
	"ism_template":{"index_patterns":["retail-trans-*"]}}}`

func TestPolicyIsKeptAsThePluginKeepsIt(t *testing.T) {
	r := newRig(t)
	domain, _ := r.ready(t)
	admin := r.client(domain, stores.BasicAuthorization("admin", "secret"))
	call := func(method, path, body string) (int, policy) {
		status, answer, err := admin.Call(t.Context(), method, ismPath+path, []byte(body))
		require.NoError(t, err)
		var kept policy
		require.NoError(t, json.Unmarshal(answer, &kept), string(answer))
		return status, kept
	}

	status, _ := call(http.MethodGet, "policies/age", "")
	require.Equal(t, http.StatusNotFound, status)
	status, _ = call(http.MethodPut, "policies/age", `{"states":[]}`)
	require.Equal(t, http.StatusBadRequest, status)
	status, created := call(http.MethodPut, "policies/age", deleteByAge)
	require.Equal(t, http.StatusCreated, status)
	require.Contains(t, created.Policy, "policy", "a write is answered with one more level than a read")
	status, _ = call(http.MethodPut, "policies/age", deleteByAge)
	require.Equal(t, http.StatusConflict, status, "an existing policy is changed by who has read it")
	status, updated := call(http.MethodPut, "policies/age?if_seq_no=0&if_primary_term=1", deleteByAge)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 2, updated.Version)
	status, read := call(http.MethodGet, "policies/age", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 1, read.SeqNo)

	states := objects(read.Policy["states"])
	require.Equal(t, []any{}, states[0]["actions"])
	require.Equal(t, []any{}, states[1]["transitions"])
	require.Equal(t, map[string]any{"count": 3.0, "backoff": "exponential", "delay": "1m"}, objects(states[1]["actions"])[0]["retry"])
	require.Equal(t, 0.0, objects(read.Policy["ism_template"])[0]["priority"])

	status, _ = call(http.MethodDelete, "policies/age", "")
	require.Equal(t, http.StatusOK, status)
	status, _ = call(http.MethodGet, "policies/age", "")
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, r.NotRun()[2], "policies kept and returned: 1")
}

func TestPoliciesAreForTheirAdministrators(t *testing.T) {
	r := newRig(t)
	domain, _ := r.ready(t)
	status, _, err := r.client(domain, "").Call(t.Context(), http.MethodGet, ismPath+"policies/age", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	res, err := r.client(domain, "").HTTP.Do(signed(t, domain, http.MethodPut, ismPath+"policies/age", deleteByAge, nil, nil))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusForbidden, res.StatusCode)
}
