package status

import (
	"fmt"
	"net"
	"strings"
	"text/template"
)

// CollectionGuide explains how to use a collection through an open gateway at a local address.
type CollectionGuide struct {
	// Name and URL identify the collection. Index is an index or alias in it, for the examples.
	Name, URL, Index string
	// Local is the gateway's local address.
	Local *net.TCPAddr
	// User is the gateway's user. LoginFile holds the password in the form of .netrc.
	User, LoginFile string
	// Profile is the profile of the AWS credentials that sign requests. Empty means the default.
	Profile string
	// Login is shown if it is not nil.
	Login *Login
}

// Search explains how to search.
func (g CollectionGuide) Search() (string, error) { return g.print(collectionSearch) }

// Dashboards explains how to open the dashboards.
func (g CollectionGuide) Dashboards() (string, error) { return g.print(collectionDashboards) }

// identity explains which AWS identity acts and which password each side asks for.
const identity = `
Requests act as your own AWS identity{{with .Profile}} (profile {{.}}){{end}}: the gateway signs each one with your credentials. The collection's
data access policies say what you may do. If it answers 403, ask the deployer to add your role to search.operators.
The password is only for this gateway, so that no other user of this machine can act as you. AWS and the collection do not know it, and it
ends with the gateway.
`

var collectionSearch = template.Must(template.New("search").Parse(`{{.URL}}, the collection {{.Name}}, is at http://{{.Local}}.

Search; a file that only you can read has the user and the password:
  curl --netrc-file {{.LoginFile}} 'http://{{.Local}}/{{.Index}}/_search?pretty'
` + identity + shown))

var collectionDashboards = template.Must(template.New("dashboards").Parse(`OpenSearch Dashboards of the collection {{.Name}} is at http://{{.Local}}/_dashboards/.

Type the address into a browser; the gateway refuses links from other pages. The browser asks for user and password: {{.User}}, and the last word
in {{.LoginFile}}, which only you can read. --show-secret prints it.
` + identity + `AWS does not document that Dashboards accept signed requests instead of a session. If they still ask you to sign in, give the access
key, the secret key and the session token of your AWS credentials.
` + shown))

const shown = `{{with .Login}}
user      {{.User}}
password  {{.Password}}
{{end}}`

func (g CollectionGuide) print(guide *template.Template) (string, error) {
	var b strings.Builder
	if err := guide.Execute(&b, g); err != nil {
		return "", fmt.Errorf("writing what to do: %w", err)
	}
	return b.String(), nil
}
