package opensearch

import (
	"cdcpipeline/rehearsal/stores"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
)

func TestPasswordPassesThrough(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	basic := stores.BasicAuthorization("admin", "secret")
	require.NoError(t, r.client(domain, basic).Do(t.Context(), http.MethodGet, "/_cluster/health", nil, nil))
	require.Contains(t, node.seen(), "GET /_cluster/health "+basic)
}

func TestOnlyTheEndpointMakesTokens(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	forged, err := node.Authorization(deliveryRole, deliveryRole)
	require.NoError(t, err)
	for _, authorization := range []string{"", forged, "basic YTpi"} {
		require.NoError(t, r.client(domain, authorization).Do(t.Context(), http.MethodGet, "/from-outside", nil, nil))
	}
	for _, request := range node.seen() {
		require.NotContains(t, request, "/from-outside ", "no Authorization header may get through")
	}
}

func TestSignatureBecomesTheCallersRole(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	requests := map[string]struct{ method, path, body string }{
		"bulk":           {http.MethodPost, "/_bulk", "{\"index\":{}}\n{}\n"},
		"no body":        {http.MethodGet, "/_search", ""},
		"query":          {http.MethodGet, "/_search?q=a%20b%3A%2F&size=1&size=2&pretty", ""},
		"escaped path":   {http.MethodGet, "/retail-trans%2A,b*/_mapping/%E2%82%AC", ""},
		"date math":      {http.MethodPut, "/%3Cretail-trans-%7Bnow%2Fd%7D%3E", "{}"},
		"double slashes": {http.MethodGet, "/a//b/", ""},
		"id with spaces": {http.MethodPut, "/a/_doc/1%202", "{}"},
	}
	for name, c := range requests {
		res, err := r.client(domain, "").HTTP.Do(signed(t, domain, c.method, c.path, c.body, nil, nil))
		require.NoError(t, err, name)
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err, name)
		require.NoError(t, res.Body.Close(), name)
		require.NotContains(t, string(answer), "signature", name)
		last := node.seen()[len(node.seen())-1]
		require.True(t, strings.HasSuffix(last, " Bearer "+deliveryRole+" as "+deliveryRole), "%s: %s", name, last)
	}
}

func TestSignatureThatDoesNotHoldIsRefused(t *testing.T) {
	type change = func(*http.Request, *aws.Credentials)
	tests := map[string]struct {
		before, after change
		reason        string
	}{
		"another secret": {before: func(_ *http.Request, c *aws.Credentials) { c.SecretAccessKey = "guessed" }, reason: "does not match the signature"},
		"unknown key":    {before: func(_ *http.Request, c *aws.Credentials) { c.AccessKeyID = "AKIAUNKNOWN" }, reason: "security token included in the request is invalid"},
		"no session":     {before: func(_ *http.Request, c *aws.Credentials) { c.SessionToken = "" }, reason: "security token included in the request is invalid"},
		"another body": {after: func(r *http.Request, _ *aws.Credentials) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
		}, reason: "does not match"},
		"another path":       {after: func(r *http.Request, _ *aws.Credentials) { r.URL.Path = "/_all" }, reason: "does not match the signature"},
		"another method":     {after: func(r *http.Request, _ *aws.Credentials) { r.Method = http.MethodDelete }, reason: "does not match the signature"},
		"another query":      {after: func(r *http.Request, _ *aws.Credentials) { r.URL.RawQuery = "refresh=true" }, reason: "does not match the signature"},
		"another date":       {after: func(r *http.Request, _ *aws.Credentials) { r.Header.Set("X-Amz-Date", "20200101T000000Z") }, reason: "does not match the header X-Amz-Date"},
		"another service":    {after: replaceAuthorization("/es/", "/s3/"), reason: "scoped to correct service: 'es'"},
		"half a header":      {after: replaceAuthorization("Signature=", "X="), reason: "requires 'Credential'"},
		"replayed years ago": {after: longAgo, reason: "Signature expired"},
	}
	r := newRig(t)
	domain, node := r.ready(t)
	before := len(node.seen())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			res, err := r.client(domain, "").HTTP.Do(signed(t, domain, http.MethodPost, "/_bulk", "{\"index\":{}}\n{}\n", test.before, test.after))
			require.NoError(t, err)
			answer, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusForbidden, res.StatusCode)
			require.Contains(t, string(answer), test.reason)
		})
	}
	require.Len(t, node.seen(), before, "nothing refused may reach the node")
}

func replaceAuthorization(from, to string) func(*http.Request, *aws.Credentials) {
	return func(r *http.Request, _ *aws.Credentials) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
	}
}

func longAgo(r *http.Request, c *aws.Credentials) {
	today := r.Header.Get("X-Amz-Date")[:8]
	r.Header.Set("X-Amz-Date", "20200101T000000Z")
	replaceAuthorization("/"+today+"/", "/20200101/")(r, c)
}

func TestProbeIsRefusedUntilTheRoleIsMapped(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	admin := r.client(domain, stores.BasicAuthorization("admin", "secret"))
	put := func(path, body string) error { return admin.Do(t.Context(), http.MethodPut, path, []byte(body), nil) }
	mapping := `{"backend_roles":["` + deliveryRole + `"]}`

	require.NoError(t, put(mappingsPath+"somebody", mapping), "a role nobody has seen is not probed")
	node.mu.Lock()
	node.mapped, node.refuse = false, http.StatusInternalServerError
	node.mu.Unlock()
	require.NoError(t, put(rolesPath+"delivery", `{"index_permissions":[{"index_patterns":["former*"],"allowed_actions":["read"]},{"index_patterns":["exact","retail-trans*"],"allowed_actions":["crud"]}]}`))
	require.Error(t, put(mappingsPath+"delivery", `{"users":["admin"]}`))
	require.Zero(t, r.Probe(), "neither is a user")
	require.Error(t, put(mappingsPath+"delivery", mapping))
	require.Zero(t, r.Probe().AfterStatus, "a refused mapping proves nothing")

	node.mu.Lock()
	node.refuse, node.requests = 0, nil
	node.mu.Unlock()
	require.NoError(t, put(mappingsPath+"delivery", mapping))
	require.NoError(t, put(mappingsPath+"delivery", mapping))
	require.Equal(t, Probe{Role: deliveryRole, Index: "retail-trans-probe", BeforeStatus: 403, BeforeMessage: "no permissions", AfterStatus: 201}, r.Probe())

	as := " Bearer " + deliveryRole + " as " + deliveryRole
	basic := " " + stores.BasicAuthorization("admin", "secret")
	require.Equal(t, []string{
		"POST /_bulk" + as, "PUT " + mappingsPath + "delivery" + basic, "POST /_bulk" + as, "DELETE /retail-trans-probe the administrator",
		"PUT " + mappingsPath + "delivery" + basic,
	}, node.seen())
}
