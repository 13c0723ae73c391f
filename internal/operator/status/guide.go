package status

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/outputs"
	"fmt"
	"net"
	"strings"
	"text/template"
)

// Login is the content of a secret. Commands show it only on request.
type Login struct{ User, Password string }

// Guide explains how to use a service through an open tunnel at a local address.
type Guide struct {
	outputs.Outputs
	// Local is the tunnel's local address.
	Local *net.TCPAddr
	// Profile is the AWS CLI's profile. Empty means its default.
	Profile string
	// Login is shown if it is not nil.
	Login *Login
	// CaFile is the file with the certificate authority of the database.
	CaFile string
}

// Search explains how to search.
//
// curl's --connect-to keeps the URL, and so the name that the certificate must match. --resolve cannot change the port,
// so the URL would need the local port: https://curl.se/docs/manpage.html#--connect-to.
func (g Guide) Search() (string, error) { return g.print(searchGuide) }

// Dashboards explains how to open the dashboards.
func (g Guide) Dashboards() (string, error) { return g.print(dashboardsGuide) }

// Database explains how to query the database.
func (g Guide) Database() (string, error) {
	if change.Kind(g.SourceEngine).Postgres() {
		return g.print(postgresGuide)
	}
	return g.print(databaseGuide)
}

var searchGuide = parse(`{{.SearchURL}} is at {{.Local}}.

Put the credentials where only curl finds them:
  (umask 077; {{.Read .SearchMasterSecretArn}} | jq -r '"machine {{.Host}} login \(.username) password \(.password)"' > login)
Search; curl verifies the domain's certificate:
  curl --netrc-file login --connect-to {{.Host}}:{{.Port}}:{{.Local}} '{{.SearchURL}}/{{.HistoryIndex}}/_search?pretty'
`)

var dashboardsGuide = parse(`OpenSearch Dashboards is at https://{{.Local}}/_dashboards/.

The browser will show a warning, because the certificate is for {{.Host}}, not for {{.Local.IP}}. The connection
is still encrypted, but the browser does not verify who answers. Chrome, Chromium and Edge do verify it if you tell them where
that name is. This needs no hosts file, but a separate profile:
  chromium --user-data-dir="$(mktemp -d)" --host-resolver-rules='MAP {{.Host}}:{{.Port}} {{.Local}}' '{{.DashboardsURL}}'

Sign in with the master user in this secret:
  {{.Read .SearchMasterSecretArn}}
`)

var databaseGuide = parse(`{{.SourceHost}}:{{.SourcePort}} is at {{.Local}}.

Put the credentials where only the client finds them:
  (umask 077; {{.Read .SourceSecretArn}} | jq -r '"[client]\nuser=\(.username)\npassword=\"\(.password)\""' > client.cnf)
Connect; --defaults-file must come first:
  mysql --defaults-file=client.cnf --protocol=tcp --host={{.Local.IP}} --port={{.Local.Port}} --ssl-mode=VERIFY_CA --ssl-ca={{.CaFile}}
The client then verifies who signed the certificate, but not the name in it, {{.SourceHost}}, because
it compares that name with the address it connects to. MariaDB's client verifies both or nothing, so here it verifies nothing:
  mariadb --defaults-file=client.cnf --protocol=tcp --host={{.Local.IP}} --port={{.Local.Port}} --ssl --disable-ssl-verify-server-cert
` + "`cdc generate`" + ` verifies both.
`)

// libpq checks the certificate against host, and connects to hostaddr:
// https://www.postgresql.org/docs/17/libpq-connect.html#LIBPQ-CONNECT-HOSTADDR. Its password file escapes a colon and a
// backslash.
var postgresGuide = parse(`{{.SourceHost}}:{{.SourcePort}} is at {{.Local}}.

Put the credentials where only the client finds them:
  (umask 077; {{.Read .SourceSecretArn}} | jq -r '"*:*:*:\(.username):" + (.password | gsub("(?<c>[:\\\\])"; "\\\(.c)"))' > pgpass)
Connect; the client verifies the database's certificate:
  PGPASSFILE=pgpass psql "host={{.SourceHost}} hostaddr={{.Local.IP}} port={{.Local.Port}} dbname={{.SourceDatabase}} user=$(cut -d: -f4 pgpass) sslmode=verify-full sslrootcert={{.CaFile}}"
`)

// parse parses a template and appends the login, which is shown on request.
func parse(text string) *template.Template {
	return template.Must(template.New("guide").Option("missingkey=error").Parse(text + `{{with .Login}}
user      {{.User}}
password  {{.Password}}
{{end}}`))
}

func (g Guide) print(guide *template.Template) (string, error) {
	host, port, err := g.SearchAddress()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = guide.Execute(&b, struct {
		Guide
		Host string
		Port int
	}{g, host, port})
	if err != nil {
		return "", fmt.Errorf("writing what to do: %w", err)
	}
	return b.String(), nil
}

// Read returns the command that prints a secret.
func (g Guide) Read(arn string) string {
	command := "aws secretsmanager get-secret-value --secret-id " + arn + " --query SecretString --output text"
	if g.Region != "" {
		command += " --region " + g.Region
	}
	if g.Profile != "" {
		command += " --profile " + g.Profile
	}
	return command
}
