package search_test

import (
	"cdcpipeline/config"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A new password reaches the domain first. Until then clients sign in with the old one, so neither is ever wrong.
func TestNobodyUsesAPasswordThatTheDomainHasNotTaken(t *testing.T) {
	r := runDelivery(t, config.Search{PasswordGeneration: 2})
	password := r.One(t, "random:index/randomPassword:RandomPassword")
	require.Equal(t, map[string]any{"generation": "2"}, password.Input("keepers"))

	from := func(urns []string) string { return strings.Join(urns, " ") }
	domain := r.One(t, domainType)
	require.Contains(t, from(domain.PropertyDependsOn["advancedSecurityOptions"]), "::"+password.Name)
	provider := r.One(t, "pulumi:providers:opensearch", "access")
	require.Contains(t, from(provider.PropertyDependsOn["password"]), domainType+"::"+domain.Name)
	secret := r.One(t, "aws:secretsmanager/secretVersion:SecretVersion")
	require.Contains(t, from(secret.DependsOn), domainType+"::"+domain.Name)
	require.Empty(t, secret.IgnoreChanges, "it follows the domain")
}
