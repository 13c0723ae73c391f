package canary

import (
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/mysql/rdsca"
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/internal/source/preparation"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"strconv"
	"time"
)

// loginTimeout limits a login, including retries against a server that does not answer.
const loginTimeout = 12 * time.Second

// Open logs in as the replication user over TLS, and verifies the certificate and the host name.
func (s Settings) Open(ctx context.Context, secrets Secrets) (Database, error) {
	text, err := secrets.Get(ctx, s.Secret)
	if err != nil {
		return nil, fmt.Errorf("reading secret %s: %w", s.Secret, err)
	}
	secret, user, err := preparation.ParseSecret(s.Secret, text)
	if err != nil {
		return nil, err
	}
	host, _ := secret["host"].(string)
	port, err := strconv.Atoi(fmt.Sprint(secret["port"]))
	if err != nil || host == "" {
		return nil, fmt.Errorf("secret %s lacks host or port, by which DMS finds the database", s.Secret)
	}
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	var seen verified
	certificates := cmp.Or(s.Certificates, rdsca.Certificates())
	if s.PostgreSQL() {
		server := postgres.Server{Host: host, Port: port, Database: s.Database, Certificates: certificates, Verified: seen.see}
		session, err := server.Login(ctx, user)
		if err != nil {
			return nil, err
		}
		return &postgresDatabase{session, seen}, nil
	}
	session, err := mysql.Connect(ctx, mysql.Server{Host: host, Port: port, Certificates: certificates, Verified: seen.see}, user)
	if err != nil {
		return nil, err
	}
	return &mysqlDatabase{session, seen}, nil
}

// verified holds the earliest expiry of the certificates that verified a server.
type verified struct{ expires time.Time }

// Expires implements Database for both kinds of databases.
func (v verified) Expires() time.Time { return v.expires }

// see uses the chain that is valid for longest.
func (v *verified) see(state tls.ConnectionState) {
	for _, chain := range state.VerifiedChains {
		ends := chain[0].NotAfter
		for _, certificate := range chain {
			if certificate.NotAfter.Before(ends) {
				ends = certificate.NotAfter
			}
		}
		if ends.After(v.expires) {
			v.expires = ends
		}
	}
}
