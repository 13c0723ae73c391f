package opensearch

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
)

// api is the control plane as a program sees it: the proxy, with a fake behind it that answers the same for every
// domain.
type api struct {
	t      *testing.T
	client *http.Client
	url    string
}

func newAPI(t *testing.T, r *rig) *api {
	t.Helper()
	status := `{"DomainName":"retail-trans","Created":true,"Processing":false,"Endpoint":"far.away","Endpoints":{"vpc":"far.away"},
		"AdvancedSecurityOptions":{"Enabled":true,"MasterUserOptions":{"MasterUserPassword":"secret"}},"EBSOptions":{"VolumeSize":20}}`
	moto := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.Contains(req.Header.Get("Authorization"), "/sts/"):
			_, _ = io.WriteString(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIANEW</AccessKeyId>
				<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
		case strings.HasSuffix(req.URL.Path, "/domain-info"):
			_, _ = io.WriteString(w, `{"DomainStatusList":[`+status+`,{"DomainName":"other","Endpoint":"far.away"}]}`)
		default:
			_, _ = io.WriteString(w, `{"DomainStatus":`+status+`}`)
		}
	}))
	t.Cleanup(moto.Close)
	target, err := url.Parse(moto.URL)
	require.NoError(t, err)
	proxy := controlplane.New(target, slog.New(slog.DiscardHandler))
	r.Attach(proxy)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = proxy.Serve(listener) }()
	t.Cleanup(func() { require.NoError(t, proxy.Close()) })
	return &api{t: t, client: &http.Client{Timeout: 10 * time.Second}, url: "http://" + listener.Addr().String()}
}

func (a *api) call(service, method, path, body string) (int, []byte) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	require.NoError(a.t, err)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/20261123/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	if service == "sts" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := a.client.Do(req)
	require.NoError(a.t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	return res.StatusCode, answer
}

const domainPath = "/2021-01-01/opensearch/domain"

func (a *api) domain(method, path, body string) map[string]any {
	a.t.Helper()
	status, answer := a.call("es", method, domainPath+path, body)
	require.Equal(a.t, http.StatusOK, status, string(answer))
	var out struct{ DomainStatus map[string]any }
	require.NoError(a.t, json.Unmarshal(answer, &out))
	return out.DomainStatus
}

const createDomain = `{"DomainName":"retail-trans","VPCOptions":{"SubnetIds":["a"]},
	"AdvancedSecurityOptions":{"MasterUserOptions":{"MasterUserName":"admin","MasterUserPassword":"secret"}}}`

func TestDomainHasAnEndpointWhenItAnswers(t *testing.T) {
	r := newRig(t)
	r.hold = make(chan struct{})
	a := newAPI(t, r)
	created := make(chan map[string]any, 1)
	go func() { created <- a.domain(http.MethodPost, "", createDomain) }()
	var domain *Domain
	require.Eventually(t, func() (ok bool) { domain, ok = r.Domain("retail-trans"); return ok }, 5*time.Second, time.Millisecond)
	status := a.domain(http.MethodGet, "/retail-trans", "")
	require.Equal(t, true, status["Processing"])
	require.NotContains(t, status, "Endpoint")
	require.NotContains(t, status, "Endpoints")
	require.Empty(t, created, "whoever creates a domain waits until it is ready")

	close(r.hold)
	status = <-created
	require.Equal(t, map[string]any{"vpc": domain.Endpoint()}, status["Endpoints"])
	require.NotContains(t, status["AdvancedSecurityOptions"], "MasterUserOptions")
	status = a.domain(http.MethodGet, "/retail-trans", "")
	require.Equal(t, false, status["Processing"])
	require.Equal(t, map[string]any{"vpc": domain.Endpoint()}, status["Endpoints"])
	require.NotContains(t, status, "Endpoint")

	_, list := a.call("es", http.MethodPost, "/2021-01-01/opensearch/domain-info", `{"DomainNames":["retail-trans","other"]}`)
	require.Contains(t, string(list), domain.Endpoint())
	require.Contains(t, string(list), `"Endpoint":"far.away"`, "a domain that is not run stays as it is")
}

func TestDomainThatDoesNotStartIsAnErrorOfTheProgram(t *testing.T) {
	r := newRig(t)
	r.failure = errNoMemory
	a := newAPI(t, r)
	status, answer := a.call("es", http.MethodPost, domainPath, createDomain)
	if status == http.StatusOK { // or it failed even sooner
		domain, ok := r.Domain("retail-trans")
		require.True(t, ok)
		require.ErrorIs(t, domain.Wait(t.Context()), errNoMemory)
		status, answer = a.call("es", http.MethodGet, domainPath+"/retail-trans", "")
	}
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, string(answer), errNoMemory.Error())
	require.ErrorIs(t, r.Err(), errNoMemory)
}

func TestDomainWithoutAMasterUserIsRefused(t *testing.T) {
	status, answer := newAPI(t, newRig(t)).call("es", http.MethodPost, domainPath, `{"DomainName":"retail-trans"}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, string(answer), "no internal master user")
}

func TestUpdateChangesTheMasterPassword(t *testing.T) {
	r := newRig(t)
	a := newAPI(t, r)
	a.domain(http.MethodPost, "", createDomain)
	node := <-r.nodes
	a.domain(http.MethodPost, "/retail-trans/config", `{"AdvancedSecurityOptions":{"MasterUserOptions":{"MasterUserName":"admin","MasterUserPassword":"rotated"}}}`)
	require.Equal(t, "rotated", node.password)
	a.domain(http.MethodPost, "/retail-trans/config", `{"EBSOptions":{"VolumeSize":30}}`)
	require.Equal(t, "rotated", node.password)
}

func TestDeletedDomainIsGoneAndARecreatedOneIsNew(t *testing.T) {
	r := newRig(t)
	a := newAPI(t, r)
	a.domain(http.MethodPost, "", createDomain)
	first, ok := r.Domain("retail-trans")
	require.True(t, ok)
	node := <-r.nodes
	require.NoError(t, first.Wait(t.Context()))

	a.domain(http.MethodDelete, "/retail-trans", "")
	select {
	case <-node.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("the node of a deleted domain runs on")
	}
	require.Eventually(t, func() bool {
		_, _, err := r.client(first, "").Call(t.Context(), http.MethodGet, "/", nil)
		return err != nil
	}, 5*time.Second, 10*time.Millisecond, "the endpoint of a deleted domain answers")

	a.domain(http.MethodPost, "", createDomain)
	second, ok := r.Domain("retail-trans")
	require.True(t, ok)
	require.NotSame(t, first, second)
	require.NotSame(t, node, <-r.nodes)
}

func TestNodeThatDiesIsReported(t *testing.T) {
	r := newRig(t)
	_, node := r.ready(t)
	require.NoError(t, r.Err())
	node.err = errNoMemory
	node.Stop()
	require.ErrorIs(t, r.Err(), errNoMemory)
}

func TestTheKeysOfAnAssumedRoleOpenItsDomain(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	newAPI(t, r).call("sts", http.MethodPost, "/", "Action=AssumeRole&RoleArn="+url.QueryEscape(deliveryRole))
	res, err := r.client(domain, "").HTTP.Do(signed(t, domain, http.MethodGet, "/_search", "", func(_ *http.Request, c *aws.Credentials) {
		*c = aws.Credentials{AccessKeyID: "ASIANEW", SecretAccessKey: "s", SessionToken: "t"}
	}, nil))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Contains(t, node.seen(), "GET /_search Bearer "+deliveryRole+" as "+deliveryRole)
}
