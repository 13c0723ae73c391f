package opensearchserverless

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeDelay hides changes until the test sets seen.
type fakeDelay struct{ seen bool }

func (d *fakeDelay) Note(string)      { d.seen = false }
func (d *fakeDelay) Seen(string) bool { return d.seen }

// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-access-console
func TestAPolicyComesIntoForceLate(t *testing.T) {
	delay := &fakeDelay{}
	s := newScene(t, Options{Delay: delay})
	one, _ := s.collection(search)
	role := s.role("reader")
	s.public()
	read := func() int { return status(s.as(role, one).Do(t.Context(), http.MethodGet, "/a/_search", nil, nil)) }
	s.grant("mine", role, map[string][]string{"index/" + s.n + "/a": {readDocument}})
	require.Equal(t, http.StatusForbidden, read())
	delay.seen = true
	require.Equal(t, http.StatusOK, read())
	s.call("DeleteAccessPolicy", `{"name":"`+s.n+`-mine","type":"data"}`)
	require.Equal(t, http.StatusOK, read(), "what was allowed before is, until the change is in force")
	delay.seen = true
	require.Equal(t, http.StatusForbidden, read())
}

func TestOfAnAliasItsIndicesHaveToBeAllowedToo(t *testing.T) {
	s := newScene(t, Options{})
	one, node := s.collection(search)
	node.have(map[string]string{"orders-1": "orders"})
	role := s.role("reader")
	s.public()
	s.grant("alias", role, map[string][]string{"index/" + s.n + "/orders": {readDocument}})
	read := func(path string) int { return status(s.as(role, one).Do(t.Context(), http.MethodGet, path, nil, nil)) }
	require.Equal(t, http.StatusForbidden, read("/orders/_search"))
	s.grant("index", role, map[string][]string{"index/" + s.n + "/orders-*": {readDocument}})
	require.Equal(t, http.StatusOK, read("/orders/_search"))
	require.Equal(t, http.StatusOK, read("/orders-*/_search"), "a pattern that the policy's covers")
	require.Equal(t, http.StatusForbidden, read("/ord*/_search"), "a pattern that is wider than the policy's")
	require.Equal(t, http.StatusForbidden, read("/_search"), "all of them")
	require.Equal(t, []string{"GET /orders/_search", "GET /orders-%2A%2C-.%2A/_search"}, node.asked())
}

func TestIAMHasToAllowCollections(t *testing.T) {
	s := newScene(t, Options{})
	const mine, other = "arn:aws:aoss:us-east-1:123456789012:collection/mine", "arn:aws:aoss:us-east-1:123456789012:collection/other"
	role := s.bareRole("reader")
	for document, want := range map[string]bool{
		`[{"Effect":"Allow","Action":"aoss:APIAccessAll","Resource":"` + mine + `"}]`:                                                   true,
		`[{"Effect":"Allow","Action":["aoss:*"],"Resource":["arn:aws:aoss:*:*:collection/*"]}]`:                                         true,
		`[{"Effect":"Allow","Action":"aoss:APIAccessAll","Resource":"` + other + `"}]`:                                                  false,
		`[{"Effect":"Allow","Action":"aoss:BatchGetCollection","Resource":"*"}]`:                                                        false,
		`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"aoss:APIAccessAll","Resource":"` + mine + `"}]`:     false,
		`[{"Effect":"Allow","Action":"aoss:APIAccessAll","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/project":"x"}}}]`: false,
		`[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}]`:                                                                        false,
	} {
		s.may("reader", `{"Version":"2012-10-17","Statement":`+document+`}`)
		s.all.roles.known = map[string]said{}
		got, err := s.all.roles.allows(t.Context(), role, mine)
		require.NoError(t, err)
		require.Equal(t, want, got, document)
	}
	_, err := s.all.roles.allows(t.Context(), "arn:aws:iam::123456789012:role/nobody", mine)
	require.ErrorContains(t, err, "nobody")
}

func TestAPatternCoversWhatItStandsFor(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true},
		{"a", "ab", false},
		{"a*", "ab", true},
		{"a*", "a", true},
		{"*", "*", true},
		{"*", "a*", true},
		{"ab*", "a*", false},
		{"ab*", "abc*", true},
		{"ab*", "ab*", true},
		{"ab", "ab*", false},
	} {
		require.Equal(t, c.want, covers(c.pattern, c.name), "%s of %s", c.name, c.pattern)
	}
}
