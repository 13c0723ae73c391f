package preparation

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// VerifiedTLS trusts only a server whose certificate one of the authorities has signed for the host. It calls
// verified for each connection with a valid certificate; verified may be nil.
func VerifiedTLS(host, certificates string, verified func(tls.ConnectionState)) (*tls.Config, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(certificates)) {
		return nil, errors.New("the certificates that should sign the server's hold no PEM certificate: check source.caFile")
	}
	config := &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}
	if verified != nil {
		config.VerifyConnection = func(state tls.ConnectionState) error { verified(state); return nil }
	}
	return config, nil
}
