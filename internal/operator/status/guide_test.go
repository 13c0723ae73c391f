package status

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/outputs"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"
)

func guide() Guide {
	return Guide{
		Outputs: outputs.Outputs{
			Region: "us-east-1", SearchEndpoint: "vpc-retail.us-east-1.es.amazonaws.com", SearchURL: "https://vpc-retail.us-east-1.es.amazonaws.com",
			DashboardsURL: "https://vpc-retail.us-east-1.es.amazonaws.com/_dashboards/", HistoryIndex: "retail-trans",
			SearchMasterSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:master", SourceHost: "db.cluster-x.us-east-1.rds.amazonaws.com",
			SourcePort: 3306, SourceSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin",
		},
		Local: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9200}, CaFile: "internal/source/mysql/rdsca/global-bundle.pem",
	}
}

func TestGuidesSayWhatToType(t *testing.T) {
	text := ""
	for _, write := range []func(Guide) (string, error){Guide.Search, Guide.Dashboards, Guide.Database} {
		one, err := write(guide())
		require.NoError(t, err)
		text += one + "\n"
	}
	postgres := guide()
	postgres.SourceEngine, postgres.SourceDatabase = "postgresql", "shop"
	one, err := postgres.Database()
	require.NoError(t, err)
	golden(t, "guides.golden.txt", text+one)
	require.NotContains(t, text, "password  ")
}

func TestLoginIsShownToWhoAsksForIt(t *testing.T) {
	g := guide()
	g.Login, g.Profile = &Login{"admin", "hunter2"}, "dev"
	for _, write := range []func(Guide) (string, error){Guide.Search, Guide.Dashboards, Guide.Database} {
		text, err := write(g)
		require.NoError(t, err)
		require.Contains(t, text, "\nuser      admin\npassword  hunter2\n")
		require.Contains(t, text, " --region us-east-1 --profile dev")
	}
}

func TestSecretInAnotherShapeIsRefusedWithoutShowingIt(t *testing.T) {
	for _, s := range []string{"hunter2", `{"password":"hunter2"}`, `{"username":1,"password":"hunter2"}`} {
		_, err := ReadLogin(t.Context(), fakeSecret{&s}, "arn")
		require.ErrorContains(t, err, `reading the secret arn: it is not a JSON object with "username" and "password"`)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := ReadLogin(t.Context(), fakeSecret{}, "arn")
	require.ErrorContains(t, err, "it contains bytes")
	s := `{"username":"u","password":"p","engine":"mysql"}`
	login, err := ReadLogin(t.Context(), fakeSecret{&s}, "arn")
	require.NoError(t, err)
	require.Equal(t, Login{"u", "p"}, login)
}

type fakeSecret struct{ value *string }

func (f fakeSecret) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return &secretsmanager.GetSecretValueOutput{SecretString: f.value}, nil
}

func TestDomainIsAskedThroughTheTunnelUnderItsOwnName(t *testing.T) {
	answers := map[string]string{
		"/_cluster/health": `{"status":"green"}`,
		"/_cat/indices/retail-trans-*?format=json&bytes=b&s=index&h=index,docs.count,store.size": `[{"index":"retail-trans-2026-11-23","docs.count":"12","store.size":"3400"},{"index":"retail-trans-2026-11-24","docs.count":null,"store.size":null},{"index":"retail-trans-retail-trans-2026-11-23"}]`,
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case r.Host != "example.com":
			http.Error(w, "wrong host "+r.Host, http.StatusBadRequest)
		case user != "admin" || password != "p":
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasPrefix(r.URL.Path, "/_cat/indices/secret-"):
			w.WriteHeader(http.StatusForbidden)
		case answers[r.URL.RequestURI()] == "":
			http.Error(w, "no such path "+r.URL.RequestURI(), http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(answers[r.URL.RequestURI()]))
		}
	}))
	defer server.Close()
	open := func(url, password string) *Search {
		tunnel := opensearch.TunnelTransport(server.Listener.Addr().String())
		tunnel.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
		return NewDomain(url, Login{"admin", password}, tunnel)
	}
	domain := open("https://example.com", "p") // the server's certificate contains this name
	health, err := domain.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, Health{Cluster: "green"}, health)
	indices, err := domain.Indices(t.Context(), "", "retail-trans")
	require.NoError(t, err)
	require.Equal(t, []Index{{"retail-trans-2026-11-23", 12, 3400}, {"retail-trans-2026-11-24", 0, 0}}, indices)
	require.NoError(t, domain.Close())

	_, err = open("https://example.com", "old").Health(t.Context())
	require.ErrorContains(t, err, "refuses the password in its master secret")
	require.ErrorContains(t, err, "if somebody changed one of them by hand, raise search.passwordGeneration") // Pulumi does not look
	_, err = domain.Indices(t.Context(), "", "other")
	require.ErrorContains(t, err, "asking for /_cat/indices/other-*")
	require.ErrorContains(t, err, "the domain answered 404: no such path")
	_, err = domain.Indices(t.Context(), "", "secret")
	require.ErrorContains(t, err, "the domain answered 403 (the user has no permission to read the index)")
	_, err = open("https://other.example.org", "p").Health(t.Context())
	require.ErrorContains(t, err, "certificate is valid for")
}
