package program

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const gatewayPassword = "hunter2hunter2"

// enter runs a program that opens the collections' doorway and connects it to an endpoint. It returns the doorway's
// URL.
func enter(t *testing.T, cfg config.Search, preview bool, endpoint string) (d *doorway, url string, err error) {
	t.Helper()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	cfg.Kind = config.OnCollections
	failed := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if d, err = openDoorway(ctx, cfg.WithDefaults(config.Dev)); err != nil {
			return nil
		}
		at := pulumi.String(endpoint).ToStringOutput()
		d.lead(ctx, nil, &search.Collections{HistoryEndpoint: at, CurrentEndpoint: at})
		told, awaited := texts(ctx.Context(), d.url()(pulumi.ToSecret(pulumi.String(gatewayPassword)).(pulumi.StringOutput)))
		require.NoError(t, awaited)
		url = told[0]
		return nil
	}, pulumi.WithMocks("project", "stack", &componenttest.Recorder{}), func(info *pulumi.RunInfo) { info.DryRun = preview })
	require.NoError(t, failed)
	if d != nil {
		t.Cleanup(d.close)
	}
	return d, url, err
}

func get(t *testing.T, url, password string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	r.SetBasicAuth("cdc", password)
	answer, err := http.DefaultClient.Do(r) //nolint:bodyclose // closed here
	if err == nil {
		require.NoError(t, answer.Body.Close())
	}
	return answer, err
}

func TestCollectionsAreReachedThroughTheDoorwaySigned(t *testing.T) {
	signed := make(chan string, 1)
	collection := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		signed <- r.URL.Path + " " + r.Header.Get("Authorization")
	}))
	defer collection.Close()
	port := free(t)
	_, url, err := enter(t, config.Search{Reach: config.ReachDirect, GatewayPort: port}, false, collection.URL)
	require.NoError(t, err)
	require.Equal(t, "http://localhost:"+strconv.Itoa(port), url)

	answer, err := get(t, url+"/history/_index_template/x", gatewayPassword)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	request := <-signed
	require.Contains(t, request, "/_index_template/x AWS4-HMAC-SHA256 ")
	require.Contains(t, request, "/"+componenttest.Region+"/aoss/aws4_request")

	answer, err = get(t, url+"/current/x", "another")
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
}

func TestWhatIsLeftInACollectionIsRemovedThroughTheDoorway(t *testing.T) {
	asked := make(chan string, 1)
	collection := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.URL.Path
		w.WriteHeader(http.StatusNotFound)
	}))
	defer collection.Close()
	cfg := config.Search{Kind: config.OnCollections, GatewayPort: free(t)}.WithDefaults(config.Dev)
	_, url, err := enter(t, config.Search{Reach: config.ReachDirect, GatewayPort: cfg.GatewayPort}, false, collection.URL)
	require.NoError(t, err)
	text := func(s string) pulumi.StringOutput { return pulumi.String(s).ToStringOutput() }
	at := search.Inside{URL: text(url + "/history"), User: text("cdc"), Password: text(gatewayPassword)}
	require.NoError(t, RemoveInside(cfg)(t.Context(), at, "/_index_template/retail-trans"), "what is not there is no error")
	require.Equal(t, "DELETE /_index_template/retail-trans", <-asked)
}

func TestADoorwayOpensATunnelToEachCollectionAndConnectsToNothing(t *testing.T) {
	d, _, err := enter(t, config.Search{GatewayPort: free(t)}, true, "https://abc.us-east-1.aoss.amazonaws.com")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.opened) == 2
	}, 10*time.Second, time.Millisecond)
	for _, through := range d.opened {
		require.Zero(t, through.Sessions())
	}
}

func TestTheNextProgramOfTheProcessTakesTheDoorwayOver(t *testing.T) {
	port := free(t)
	first, _, err := enter(t, config.Search{Reach: config.ReachDirect, GatewayPort: port}, false, "https://abc.us-east-1.aoss.amazonaws.com")
	require.NoError(t, err)
	second, url, err := enter(t, config.Search{Reach: config.ReachDirect, GatewayPort: port}, false, "https://abc.us-east-1.aoss.amazonaws.com")
	require.NoError(t, err)
	require.Nil(t, first.gateway)
	require.NotNil(t, second.gateway)
	answer, err := get(t, url+"/history/", "another")
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
}

func TestADoorwaysTakenPortFailsAnUpAndNotAPreview(t *testing.T) {
	port := taken(t)
	d, url, err := enter(t, config.Search{GatewayPort: port}, true, "https://abc.us-east-1.aoss.amazonaws.com")
	require.NoError(t, err)
	require.Nil(t, d.gateway)
	require.NotEmpty(t, url)
	d.close()

	_, _, err = enter(t, config.Search{GatewayPort: port}, false, "")
	require.ErrorContains(t, err, "search.gatewayPort: ")
}

func TestADomainHasNoDoorway(t *testing.T) {
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		d, err := openDoorway(ctx, config.Search{}.WithDefaults(config.Dev))
		require.Nil(t, d)
		require.Nil(t, d.url())
		d.lead(ctx, nil, nil)
		return err
	}, pulumi.WithMocks("project", "stack", &componenttest.Recorder{})))
}

func TestAnEndpointsAddress(t *testing.T) {
	host, port, err := address("https://abc.us-east-1.aoss.amazonaws.com")
	require.NoError(t, err)
	require.Equal(t, "abc.us-east-1.aoss.amazonaws.com:443", host+":"+strconv.Itoa(port))
	host, port, err = address("https://localhost:4571")
	require.NoError(t, err)
	require.Equal(t, "localhost:4571", host+":"+strconv.Itoa(port))
	_, _, err = address("abc")
	require.ErrorContains(t, err, `"abc" is not the URL of a collection`)
}
