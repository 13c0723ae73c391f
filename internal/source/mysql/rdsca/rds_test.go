package rdsca_test

import (
	"cdcpipeline/internal/source/mysql/rdsca"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func certificates(t *testing.T, text string) []*x509.Certificate {
	t.Helper()
	var found []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found
		}
		c, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		found = append(found, c)
	}
}

func TestEveryCertificateIsAnAuthorityAndNoneExpires(t *testing.T) {
	found := certificates(t, rdsca.Certificates())
	require.Greater(t, len(found), 75)
	for _, c := range found {
		require.True(t, c.IsCA, c.Subject.CommonName)
		require.Truef(t, c.NotAfter.After(time.Now().AddDate(1, 0, 0)), "%s expires on %s", c.Subject.CommonName, c.NotAfter)
	}
}

func TestARegionHasItsThreeRoots(t *testing.T) {
	found := certificates(t, rdsca.RegionalCertificates("us-east-1"))
	require.Len(t, found, 3)
	for _, c := range found {
		require.Contains(t, c.Subject.CommonName, "Amazon RDS us-east-1 Root CA")
	}
}

func TestAnUnknownRegionHasNone(t *testing.T) {
	require.Empty(t, rdsca.RegionalCertificates("us-east"))
}
