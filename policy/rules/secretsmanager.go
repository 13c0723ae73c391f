package rules

import (
	"cdcpipeline/policy/view"
	"slices"
)

const (
	secretType         = "aws:secretsmanager/secret:Secret"
	secretVersionType  = "aws:secretsmanager/secretVersion:SecretVersion"
	secretRotationType = "aws:secretsmanager/secretRotation:SecretRotation"
	passwordType       = "random:index/randomPassword:RandomPassword"
)

// maxRotationDays is the default of SecretsManager.4.
const maxRotationDays = 90

// SecretRotation is the rotation schedule of a secret.
type SecretRotation struct {
	Rules struct {
		Days     view.Of[float64] `prop:"automaticallyAfterDays"`
		Schedule view.Of[string]  `prop:"scheduleExpression"`
	} `prop:"rotationRules"`
}

func secretsManager() []Rule {
	return []Rule{
		{
			Name: "secretsmanager-1", Title: "Secrets rotate: by themselves, or with the deployment that holds both ends", Severity: Medium,
			Controls: []string{"SecretsManager.1"}, Types: []string{secretType, secretVersionType, secretRotationType},
			Change: "a SecretRotation of the secret (source.rotationDays), or a generated value whose changes are not ignored",
			Unseen: "a rotation that refers to the secret counts as on",
			Default: "the replication user's rotates every 30 days, the database administrator's is RDS's; the domain and the secret of its master user get a new " +
				"password together, with search.passwordGeneration. Security Hub's own check knows only rotations: suppress SecretsManager.1 there for that secret",
			CheckStack: rotating,
		},
		{
			Name: "secretsmanager-4", Title: "Secrets rotate within 90 days", Severity: Medium, Controls: []string{"SecretsManager.4"}, Types: []string{secretRotationType},
			Change: "rotationRules.automaticallyAfterDays: 90 or less", Unseen: "counts as often enough; so does a schedule expression", Default: "30 days",
			Check: each(secretRotationType, func(r SecretRotation) []Violation {
				days, known := r.Rules.Days.Get()
				return broken(known && days > maxRotationDays, "every %v days", days)
			}),
		},
	}
}

func rotating(s view.Stack) []Violation {
	var found []Violation
	for _, secret := range s.OfType(secretType) {
		found = append(found, at(secret, broken(!rotated(s, secret), "nothing rotates it"))...)
	}
	return found
}

// rotated reports whether a rotation names the secret, or one of its versions, which have the secret's ARN. It
// also returns true if the deployment writes a generated value whenever that changes.
func rotated(s view.Stack, secret view.Resource) bool {
	if len(s.Pointing(secretRotationType, "secretId", secret)) > 0 {
		return true
	}
	return slices.ContainsFunc(s.Pointing(secretVersionType, "secretId", secret), func(version view.Resource) bool {
		owned := len(s.Referred(version, "secretString", passwordType)) > 0 && !slices.Contains(version.IgnoreChanges, "secretString")
		return owned || len(s.Pointing(secretRotationType, "secretId", version)) > 0
	})
}
