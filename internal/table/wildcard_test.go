package table

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"orders", "orders", true},
		{"orders", "Orders", false},
		{"orders", "orders2", false},
		{"%", "", true},
		{"%", "orders", true},
		{"ord%", "ord", true},
		{"%_log", "a_log", true},
		{"%_log", "alog", false},
		{"a%b%c", "aXbYbc", true},
		{"a%a", "a", false},
		{"%a%", "a%", true},
		{"shop%", "shop%", true},
		{"shop1%", "shop%", false},
	} {
		require.Equal(t, c.want, Match(c.pattern, c.name), "%s %s", c.pattern, c.name)
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"a%", "%b", true},
		{"a%", "b%", false},
		{"a%c", "ab%", true},
		{"orders", "orders", true},
		{"orders", "order%", true},
		{"%_log", "%_tmp", false},
		{"%", "", true},
	} {
		require.Equal(t, c.want, Overlap(c.a, c.b), "%s %s", c.a, c.b)
		require.Equal(t, c.want, Overlap(c.b, c.a), "%s %s", c.b, c.a)
	}
}

func TestMatchIsWhatARegularExpressionSays(t *testing.T) {
	pattern, name := rapid.StringMatching(`[ab_%]{0,7}`), rapid.StringMatching(`[ab_]{0,9}`)
	rapid.Check(t, func(t *rapid.T) {
		p, n := pattern.Draw(t, "pattern"), name.Draw(t, "name")
		expression := regexp.MustCompile(`\A` + strings.ReplaceAll(regexp.QuoteMeta(p), "%", ".*") + `\z`)
		require.Equal(t, expression.MatchString(n), Match(p, n))
	})
}

func TestPatternsOfOneNameOverlap(t *testing.T) {
	pattern, name := rapid.StringMatching(`[ab%]{0,6}`), rapid.StringMatching(`[ab]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, n := pattern.Draw(t, "a"), pattern.Draw(t, "b"), name.Draw(t, "name")
		if Match(a, n) && Match(b, n) {
			require.True(t, Overlap(a, b))
		}
		if Overlap(a, b) {
			require.True(t, Overlap(b, a))
		}
	})
}
