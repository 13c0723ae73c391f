// Package cost estimates the pipeline's cost per month. Quantities follow from the configuration; prices are
// published ones (prices.go), in US dollars, on demand, in us-east-1.
//
// "go generate ./internal/cost" uses it to write docs/cost.md.
package cost

import (
	"cdcpipeline/config"
	"math"
)

// HoursAMonth and DaysAMonth are the average month in AWS's calculator.
const (
	HoursAMonth = 730
	DaysAMonth  = HoursAMonth / 24.0
)

// Line is one line of a month's bill.
type Line struct {
	// Item is the service that is paid for. Keys are the configuration keys that it depends on.
	Item, Keys string
	// Quantity holds factors whose product counts the price's units, such as 2 instances × 730 hours.
	Quantity []float64
	Price    Price
}

// USD is the line's amount; 0 when its price is unknown.
func (l Line) USD() float64 {
	usd := l.Price.USD
	for _, factor := range l.Quantity {
		usd *= factor
	}
	return usd
}

// Bill holds the lines of a month.
type Bill []Line

// USD is the sum of the lines with a price.
func (b Bill) USD() float64 {
	var sum float64
	for _, l := range b {
		sum += l.USD()
	}
	return sum
}

// NotFound lists the prices that the sum omits.
func (b Bill) NotFound() []string {
	var names []string
	for _, l := range b {
		if !l.Price.Found() {
			names = append(names, l.Price.Name)
		}
	}
	return names
}

// add appends a line, unless its quantity is zero.
func (b *Bill) add(item, keys, price string, quantity ...float64) {
	if (Line{Quantity: quantity, Price: Price{USD: 1}}).USD() != 0 {
		*b = append(*b, Line{Item: item, Keys: keys, Quantity: quantity, Price: find(price)})
	}
}

// zones is the number of zones of the private subnets. An adopted VPC counts one zone per subnet.
func zones(c config.Config) float64 {
	if c.Network.VpcID != "" {
		return float64(len(c.Network.PrivateSubnetIDs))
	}
	return float64(c.Network.AvailabilityZones)
}

// count is 1 for true and 0 for false.
func count(there bool) float64 {
	if there {
		return 1
	}
	return 0
}

// SearchGb is the storage of a load's history in all data nodes, in GB, by AWS's rule: source data times copies times
// 1.45, for indexing, the operating system and OpenSearch's free space,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-storage.html. Current indices are extra.
func SearchGb(c config.Config, l Load) float64 {
	copies := 1 + math.Min(1, float64(c.Search.InstanceCount-1)) // a replica if a second node can hold it
	return l.gb(l.RecordBytes) / DaysAMonth * float64(c.Search.HistoryRetentionDays) * copies * 1.45
}
