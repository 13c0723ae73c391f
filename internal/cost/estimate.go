package cost

import (
	"cdcpipeline/config"
	"fmt"
	"io"
	"strings"
)

// Estimate is a month's cost of a configuration in a region.
type Estimate struct {
	// Environment of the configuration. Region has a price factor, 1 when none is known.
	Environment config.Environment `json:"environment"`
	Region      string             `json:"region"`
	Factor      float64            `json:"factor"`
	// FactorKnown reports whether the region's factor is known.
	FactorKnown bool       `json:"factorKnown"`
	Dated       string     `json:"dated"`
	Load        Load       `json:"load"`
	Fixed       []Position `json:"fixed"`
	Rows        []Position `json:"rows"`
	// FixedUSD and RowsUSD are the sums at the prices of us-east-1; MonthUSD is their total in the region. All omit
	// NotFound.
	FixedUSD float64  `json:"fixedUsd"`
	RowsUSD  float64  `json:"rowsUsd"`
	MonthUSD float64  `json:"monthUsd"`
	NotFound []string `json:"notFound"`
	// WalkthroughUSD is the cost of the same load in the walkthrough's stacks, in the region.
	WalkthroughUSD float64 `json:"walkthroughUsd"`
}

// Position is a line of the bill with its amount.
type Position struct {
	Item     string    `json:"item"`
	Keys     []string  `json:"keys,omitempty"`
	Quantity []float64 `json:"quantity"`
	Price    string    `json:"price"`
	PriceUSD float64   `json:"priceUsd"`
	USD      float64   `json:"usd"`
	// Seen lists where the price was found; empty when it is unknown and USD is 0.
	Seen []string `json:"seen"`
}

// NewEstimate estimates a configuration with its defaults; an empty region means us-east-1.
func NewEstimate(c config.Config, l Load, region string) Estimate {
	if region == "" {
		region = "us-east-1"
	}
	factor, known := Factors[region]
	if !known {
		factor = 1
	}
	fixed, rows := Fixed(c), Rows(c, l)
	return Estimate{
		Environment: c.Environment, Region: region, Factor: factor, FactorKnown: known, Dated: Dated, Load: l,
		Fixed: fixed.positions(), Rows: rows.positions(), FixedUSD: fixed.USD(), RowsUSD: rows.USD(), MonthUSD: (fixed.USD() + rows.USD()) * factor,
		NotFound: append(append([]string{}, fixed.leftOut()...), rows.leftOut()...), WalkthroughUSD: (Walkthrough().USD() + WalkthroughRows(l).USD()) * factor,
	}
}

func (b Bill) positions() []Position {
	all := make([]Position, len(b))
	for i, l := range b {
		all[i] = Position{Item: l.Item, Quantity: l.Quantity, Price: l.Price.Name, PriceUSD: l.Price.USD, USD: l.USD(), Seen: l.Price.Seen}
		if l.Keys != "" {
			all[i].Keys = strings.Split(l.Keys, ", ")
		}
	}
	return all
}

// Amount formats the position's amount.
func (p Position) Amount() string {
	if len(p.Seen) == 0 {
		return "no price found"
	}
	return usd(p.USD)
}

// Factors formats the position's factors: 2 × 730.
func (p Position) Factors() string {
	factors := make([]string, len(p.Quantity))
	for i, factor := range p.Quantity {
		factors[i] = number(factor)
	}
	return strings.Join(factors, " × ")
}

// WriteSums writes the estimate's totals.
func (e Estimate) WriteSums(w io.Writer) error {
	var out strings.Builder
	without := ""
	if len(e.NotFound) > 0 {
		without = ", and " + strings.Join(e.NotFound, ", ")
	}
	fmt.Fprintf(&out, "fixed %s, with %s row changes a day of %s bytes %s more%s\n", usd(e.FixedUSD), number(e.Load.RowsADay), number(e.Load.RecordBytes), usd(e.RowsUSD), without)
	fmt.Fprintf(&out, "a month in %s: %s USD%s", e.Region, usd(e.MonthUSD), without)
	switch {
	case !e.FactorKnown:
		fmt.Fprintf(&out, ", by the prices of us-east-1: no factor of this region was found")
	case e.Factor != 1:
		fmt.Fprintf(&out, ", which is us-east-1 × %s, a rough factor", number(e.Factor))
	}
	fmt.Fprintf(&out, "\nthe walkthrough's stacks with the same rows: %s USD\n", usd(e.WalkthroughUSD))
	fmt.Fprintf(&out, "an estimate, by prices gathered on %s: nothing was asked of AWS. Each price with its source: docs/cost.md\n", e.Dated)
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("printing the estimate: %w", err)
	}
	return nil
}
