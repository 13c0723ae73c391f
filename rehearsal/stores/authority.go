package stores

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validFor is the certificates' validity: longer than any rehearsal runs.
const validFor = 90 * 24 * time.Hour

// Authority is the certificate authority of one rehearsal. Trusting its certificate keeps TLS verification on
// everywhere; its key never leaves the process.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
	file string
}

// NewAuthority makes an authority and writes its certificate to ca.pem in dir.
func NewAuthority(dir string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the authority's key: %w", err)
	}
	template, err := template("cdc-pipeline rehearsal authority")
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making the authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the authority's certificate: %w", err)
	}
	a := &Authority{cert: cert, key: key, pem: certificatePEM(der), file: filepath.Join(dir, "ca.pem")}
	if err := os.WriteFile(a.file, a.pem, 0o644); err != nil {
		return nil, fmt.Errorf("writing the authority's certificate: %w", err)
	}
	return a, nil
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return a.pem }

// File is a file with PEM, for programs that need a path.
func (a *Authority) File() string { return a.file }

// Pool trusts only this authority.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// ClientTLS verifies servers of this rehearsal.
func (a *Authority) ClientTLS() *tls.Config {
	return &tls.Config{RootCAs: a.Pool(), MinVersion: tls.VersionTLS12}
}

// systemBundles are the operating systems' files of public authorities, after the file that the user named.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Alpine
	"/etc/pki/tls/certs/ca-bundle.crt",   // Fedora, RHEL, Amazon Linux
	"/etc/ssl/cert.pem",                  // macOS
}

// Bundle writes ca-bundle.pem next to ca.pem: this authority and those that the machine trusts. With it as
// SSL_CERT_FILE, a child can verify the rehearsal's servers and all others.
func (a *Authority) Bundle() (string, error) {
	bundle := a.pem
	for _, file := range append([]string{os.Getenv("SSL_CERT_FILE")}, systemBundles...) {
		if public, err := os.ReadFile(file); err == nil {
			bundle = append(append(public, '\n'), a.pem...)
			break
		}
	}
	path := filepath.Join(filepath.Dir(a.file), "ca-bundle.pem")
	if err := os.WriteFile(path, bundle, 0o644); err != nil {
		return "", fmt.Errorf("writing the certificate bundle: %w", err)
	}
	return path, nil
}

// Certificate of a server or a client, with its key.
type Certificate struct {
	// CertPEM and KeyPEM (PKCS #8).
	CertPEM, KeyPEM []byte
}

// Issue makes a certificate for localhost, 127.0.0.1 and ::1, for servers and clients. The common name is its whole
// subject, so its distinguished name is "CN=<name>".
func (a *Authority) Issue(commonName string) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of %s: %w", commonName, err)
	}
	template, err := template(commonName)
	if err != nil {
		return nil, err
	}
	template.DNSNames = []string{Host}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of %s: %w", commonName, err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key of %s: %w", commonName, err)
	}
	return &Certificate{
		CertPEM: certificatePEM(der),
		KeyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

// TLS is the pair in crypto/tls's form.
func (c *Certificate) TLS() (tls.Certificate, error) {
	pair, err := tls.X509KeyPair(c.CertPEM, c.KeyPEM)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("reading a certificate: %w", err)
	}
	return pair, nil
}

// Write writes the pair to dir as <name>.pem and <name>-key.pem; only the owner can read the key.
func (c *Certificate) Write(dir, name string) (certFile, keyFile string, err error) {
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+"-key.pem")
	err = errors.Join(os.WriteFile(certFile, c.CertPEM, 0o644), os.WriteFile(keyFile, c.KeyPEM, 0o600))
	if err != nil {
		return "", "", fmt.Errorf("writing the certificate %s: %w", name, err)
	}
	return certFile, keyFile, nil
}

func template(commonName string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number for %s: %w", commonName, err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour), // clocks differ
		NotAfter:     time.Now().Add(validFor),
	}, nil
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
