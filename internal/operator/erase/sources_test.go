package erase

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// beside copies all data of the row to another source's prefixes and indices. That source has a table of the same name.
func (s *scene) beside() {
	for _, v := range s.versions {
		key := v.key
		for _, prefix := range []string{"raw/", "errors/", "tables/_state/"} {
			if below, ok := strings.CutPrefix(key, prefix); ok {
				key = prefix + "source=billing/" + below
			}
		}
		key = strings.Replace(strings.Replace(key, "/shop_orders", "/billing_shop_orders", 1), "aws/lambda/", "aws/lambda/billing-", 1)
		if key == v.key {
			continue
		}
		if v.mark {
			s.mark(key)
			continue
		}
		body := strings.ReplaceAll(string(v.body), `"table":"shop_`, `"table":"billing_shop_`)
		s.bucket.put(key, []byte(strings.ReplaceAll(body, "/shop_orders/", "/billing_shop_orders/")))
	}
	for _, epoch := range []string{"1", "2"} {
		s.current["current-billing-shop-orders-"+epoch] = map[string]string{"7": `{"_cdc":{"deleted":true}}`, "1": `{"id":1,"_cdc":{"deleted":false}}`}
	}
}

// ofAnother returns the versions and documents of the other source.
func (s *scene) ofAnother() []string {
	var found []string
	for _, v := range s.versions {
		if strings.Contains(v.key, "billing") {
			found = append(found, v.key+" "+v.id+" "+string(v.body))
		}
	}
	for _, epoch := range []string{"1", "2"} {
		found = append(found, s.current["current-billing-shop-orders-"+epoch]["7"])
	}
	return found
}

func TestARowOfOneSourceIsErasedAndNotThatOfAnotherWithTheSameKey(t *testing.T) {
	s := newScene(t)
	s.park()
	s.keep()
	s.beside()
	s.bucket.put("tables/_state/source=billing/erase/X.json", []byte(`{"id":"X","schema":"shop","table":"orders","rows":[["7"],["8"]]}`))
	before := s.ofAnother()
	e := s.erasure(true)
	e.Lake.Parked = []string{"errors/", "aws/lambda/a/"}
	report, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{4, 7, 2, []string{}}, []any{report.Raw.Records, report.Parked.Records, report.Current.Documents, report.OtherKeys}, "the other source's request is not gone on with")
	require.Equal(t, []any{[]string{"shop_orders_table"}, 2}, []any{report.Tables, report.TableVersions})
	require.Equal(t, before, s.ofAnother())

	s.Source = "billing"
	e = s.erasure(true)
	e.Lake.Source, e.Lake.Prefix, e.Lake.Parked, e.Lake.Invocations = "billing", "raw/source=billing", []string{"errors/source=billing/", "aws/lambda/billing-a/"}, "aws/lambda/billing-a/"
	report, err = e.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{4, 7, 2, []string{"8"}}, []any{report.Raw.Records, report.Parked.Records, report.Current.Documents, report.OtherKeys})
	require.Empty(t, s.marked(t))
}
