// Package cost estimates what the pipeline costs a month: quantities follow from the configuration, prices are those that
// were found written down (prices.go), in US dollars, on demand, in us-east-1.
//
// "go generate ./internal/cost" writes docs/cost.md with it.
package cost

import (
	"cdcpipeline/config"
	"math"
)

// HoursAMonth and DaysAMonth are the average month of AWS's own calculator.
const (
	HoursAMonth = 730
	DaysAMonth  = HoursAMonth / 24.0
)

// Line is one line of a month's bill.
type Line struct {
	// Item is what is paid for, Keys the configuration that it depends on.
	Item, Keys string
	// Quantity is the factors of what is counted in the price's unit: 2 instances × 730 hours.
	Quantity []float64
	Price    Price
}

// USD is the line's amount; 0 when no price was found.
func (l Line) USD() float64 {
	usd := l.Price.USD
	for _, factor := range l.Quantity {
		usd *= factor
	}
	return usd
}

// Bill is the lines of a month.
type Bill []Line

// USD is the sum, without the lines that have no price.
func (b Bill) USD() float64 {
	var sum float64
	for _, l := range b {
		sum += l.USD()
	}
	return sum
}

// NotFound is the names of prices that the sum leaves out.
func (b Bill) NotFound() []string {
	var names []string
	for _, l := range b {
		if !l.Price.Found() {
			names = append(names, l.Price.Name)
		}
	}
	return names
}

// add a line, unless there is none of it.
func (b *Bill) add(item, keys, price string, quantity ...float64) {
	if (Line{Quantity: quantity, Price: Price{USD: 1}}).USD() != 0 {
		*b = append(*b, Line{Item: item, Keys: keys, Quantity: quantity, Price: find(price)})
	}
}

// zones is how many zones the private subnets span: those of an adopted VPC are taken for one a zone.
func zones(c config.Config) float64 {
	if c.Network.VpcID != "" {
		return float64(len(c.Network.PrivateSubnetIDs))
	}
	return float64(c.Network.AvailabilityZones)
}

// count is 1 of what is there and 0 of what is not.
func count(there bool) float64 {
	if there {
		return 1
	}
	return 0
}

// SearchGb is the storage that the history of a load takes in all data nodes, in GB, by AWS's rule: the source, times
// copies, times 1.45 for indexing, the operating system and what OpenSearch keeps free,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-storage.html. Current indices come on top.
func SearchGb(c config.Config, l Load) float64 {
	copies := 1 + math.Min(1, float64(c.Search.InstanceCount-1)) // a replica where a second node can hold it
	return l.gb(l.RecordBytes) / DaysAMonth * float64(c.Search.HistoryRetentionDays) * copies * 1.45
}
