package rules

import (
	"cdcpipeline/policy/view"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// confidential lists the properties that contain a secret, by type. Everything below them is secret too.
var confidential = map[string][]string{
	secretVersionType:      {"secretString", "secretBinary"},
	clusterType:            {"masterPassword"},
	endpointType:           {"password"},
	domainType:             {"advancedSecurityOptions.masterUserOptions.masterUserPassword"},
	openSearchProviderType: {"password"},
}

// telling matches names of variables and JSON fields that contain a secret.
var telling = regexp.MustCompile(`(?i)(passw|secret_?(key|value)|token|credential|api_?key)`)

// minSecretLength is the shortest text to look for. A shorter one may occur elsewhere by chance.
const minSecretLength = 12

func secrets() []Rule {
	return []Rule{
		{
			Name: "secrets-are-encrypted", Title: "A property that holds a secret is a Pulumi secret", Severity: Critical,
			Types:  []string{secretVersionType, clusterType, endpointType, domainType, openSearchProviderType, functionType},
			Change: "pulumi.ToSecret around the value, so that the state keeps it encrypted; for a function the secret's ARN instead",
			Unseen: "counts as a secret", Default: "passwords are generated as secrets; functions are given ARNs",
			Check: encryptedSecrets,
		},
		{
			Name: "secrets-stay-apart", Title: "No secret occurs in plain in another property", Severity: Critical, Types: []string{"*"},
			Change: "the secret's ARN instead of its value", Unseen: "the rule cannot look for an unknown secret", Default: "properties hold ARNs",
			CheckStack: secretsApart,
		},
	}
}

func encryptedSecrets(r view.Resource) []Violation {
	var found []Violation
	view.Leaves(r.Properties, func(path string, leaf property.Value) {
		if leaf.Secret() || leaf.IsComputed() || leaf.IsNull() {
			return
		}
		secret := slices.Contains(confidential[r.Type], path)
		if r.Type == functionType && strings.HasPrefix(path, "environment.variables.") {
			name := strings.TrimPrefix(path, "environment.variables.")
			secret = telling.MatchString(name) && !strings.HasSuffix(strings.ToUpper(name), "_ARN")
		}
		found = append(found, broken(secret, "%s is in plain", path)...)
	})
	return found
}

// secretsApart collects the texts that Pulumi encrypts, and looks for them in all unencrypted values.
func secretsApart(s view.Stack) []Violation {
	known := map[string]bool{}
	for _, r := range s.All() {
		view.Leaves(r.Properties, func(_ string, leaf property.Value) {
			if leaf.Secret() && leaf.IsString() {
				for _, text := range secretTexts(leaf.AsString()) {
					known[text] = true
				}
			}
		})
	}
	var found []Violation
	for _, r := range s.All() {
		view.Leaves(r.Properties, func(path string, leaf property.Value) {
			if leaf.Secret() || !leaf.IsString() {
				return
			}
			for text := range known {
				if strings.Contains(leaf.AsString(), text) {
					found = append(found, at(r, broken(true, "%s holds a secret of the stack", path))...)
					return
				}
			}
		})
	}
	return found
}

// secretTexts returns a secret, or the secret values of one that is a JSON object. User names and hosts are not
// secret.
func secretTexts(text string) []string {
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		if len(text) < minSecretLength {
			return nil
		}
		return []string{text}
	}
	var texts []string
	for name, value := range object {
		if part, ok := value.(string); ok && telling.MatchString(name) && len(part) >= minSecretLength {
			texts = append(texts, part)
		}
	}
	return texts
}
