package cost

// Factors are rough price ratios of regions to us-east-1. One factor covers all services of a region. A cost scanner
// uses them for services whose prices it does not request (the source "opensearch", read on 2026-11-29). A single
// service may differ a lot.
var Factors = map[string]float64{
	"us-east-1": 1, "us-east-2": 1, "us-west-2": 1, "us-west-1": 1.08,
	"ca-central-1": 1.05, "ca-west-1": 1.05, "sa-east-1": 1.45,
	"eu-west-1": 1.08, "eu-west-2": 1.10, "eu-west-3": 1.10, "eu-central-1": 1.10, "eu-central-2": 1.12, "eu-north-1": 1.05, "eu-south-1": 1.10, "eu-south-2": 1.10,
	"ap-northeast-1": 1.15, "ap-northeast-2": 1.12, "ap-northeast-3": 1.15, "ap-southeast-1": 1.12, "ap-southeast-2": 1.20, "ap-southeast-3": 1.12, "ap-southeast-4": 1.20,
	"ap-south-1": 1.08, "ap-south-2": 1.10, "ap-east-1": 1.18,
	"me-south-1": 1.15, "me-central-1": 1.15, "af-south-1": 1.18, "il-central-1": 1.12,
}
