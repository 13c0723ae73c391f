package signature

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/controlplane"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

const role = "arn:aws:iam::123456789012:role/delivery"

func signed(t *testing.T, service, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://there/_bulk", bytes.NewReader([]byte(body)))
	sum := sha256.Sum256([]byte(body))
	keys := aws.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t"}
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now()))
	return r
}

func TestASignatureIsForOneService(t *testing.T) {
	k := New()
	k.Add("A", Key{Role: role, Secret: "s", Session: "t"})
	for _, service := range []string{"es", "aoss"} {
		who, err := k.Caller(signed(t, service, "{}"), []byte("{}"), service)
		require.NoError(t, err)
		require.Equal(t, role, who)
	}
	_, err := k.Caller(signed(t, "es", "{}"), []byte("{}"), "aoss")
	require.ErrorContains(t, err, "scoped to correct service: 'aoss'")
}

func TestHeadersAreThoseThatTheSignatureCovers(t *testing.T) {
	require.Subset(t, Headers(signed(t, "aoss", "{}")), []string{"content-length", "host", "x-amz-date", "x-amz-security-token"})
	require.Empty(t, Headers(httptest.NewRequest(http.MethodGet, "/", nil)))
}

func TestKeysAreLearnedFromAnswersInXMLAndJSON(t *testing.T) {
	for _, answer := range []string{
		`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		`{"AssumeRoleResponse":{"AssumeRoleResult":{"Credentials":{"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t"}}}}`,
	} {
		k := New()
		require.NoError(t, k.assumed(t.Context(), &controlplane.Call{RequestBody: []byte("Action=AssumeRole&RoleArn=" + role), ResponseBody: []byte(answer)}))
		require.Equal(t, Key{Role: role, Secret: "s", Session: "t"}, k.known["A"])
	}
}

func FuzzParseSignature(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=A/20261123/us-east-1/es/aws4_request, SignedHeaders=host;x-amz-date, Signature=00")
	f.Add("AWS4-HMAC-SHA256 ,=,Credential=////,SignedHeaders=,Signature=")
	f.Fuzz(func(t *testing.T, header string) {
		s, err := parseSignature(header)
		if err == nil && (s.value == "" || len(s.headers) == 0) {
			t.Fatalf("%q was taken for a signature: %+v", header, s)
		}
	})
}
