package cost

import (
	"bytes"
	"cdcpipeline/config"
	"cmp"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

//go:embed page.md.tmpl
var pageTemplate string

// stack holds the page's values for an environment.
type stack struct {
	Name        config.Environment
	Config      config.Config
	Fixed, Rows Bill
}

// Source is the fixed cost of the source alone.
func (s stack) Source() float64 { return OfSource(s.Config, s.Config.Feeds()[0]).USD() }

// Shared is the fixed cost that a second source does not add.
func (s stack) Shared() float64 { return shared(s.Config).USD() }

// Month is the fixed cost plus that of the rows, without items that have no price.
func (s stack) Month() float64 { return s.Fixed.USD() + s.Rows.USD() }

// SearchGb is the size of the example's history.
func (s stack) SearchGb() float64 { return SearchGb(s.Config, Example) }

// VolumesGb is the storage of all data nodes.
func (s stack) VolumesGb() int { return s.Config.Search.InstanceCount * s.Config.Search.VolumeGb }

// RowsADay is the load whose history just fits the volumes, rounded down.
func (s stack) RowsADay() float64 {
	return math.Floor(Example.RowsADay*float64(s.VolumesGb())/s.SearchGb()/1e4) * 1e4
}

// AMillionRows is the cost of a million more rows than in the example.
func (s stack) AMillionRows() float64 {
	twice := Example
	twice.RowsADay *= 2
	return (Rows(s.Config, twice).USD() - s.Rows.USD()) / Example.rows() * 1e6
}

// Dearest lists the four most expensive fixed lines.
func (s stack) Dearest() string {
	lines := slices.SortedStableFunc(slices.Values(s.Fixed), func(a, b Line) int { return cmp.Compare(b.USD(), a.USD()) })
	var names []string
	for _, l := range lines[:4] {
		names = append(names, fmt.Sprintf("%s (%s)", l.Item, usd(l.USD())))
	}
	for _, name := range s.Fixed.NotFound() {
		names = append(names, name+" (not found)")
	}
	return strings.Join(names, ", ")
}

// Page is docs/cost.md.
func Page() ([]byte, error) {
	page, err := template.New("page").Funcs(template.FuncMap{
		"bill": billTable, "usd": usd, "sum": func(a, b float64) float64 { return a + b }, "number": number, "prices": priceTable, "savings": savingTable, "further": furtherTable, "sources": sourceList,
	}).Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("reading the page's template: %w", err)
	}
	var out bytes.Buffer
	dev, prod := newStack(config.Dev), newStack(config.Prod)
	err = page.Execute(&out, map[string]any{
		"Dated": Dated, "Dev": dev, "Prod": prod, "Load": Example, "Stacks": []stack{dev, prod},
		"Endpoints": "`" + strings.Join(InterfaceEndpoints, "`, `") + "`", "Shards": OnDemandShards, "CallSeconds": CallSeconds, "CallMetrics": CallMetrics,
		"Rates": rates(), "RowMicros": RowSeconds * 1e6, "OCUGb": OCUGb, "OCU": find("OCU").USD,
		"Walkthrough": Walkthrough(), "WalkthroughRows": WalkthroughRows(Example),
	})
	if err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return out.Bytes(), nil
}

func newStack(environment config.Environment) stack {
	c := config.Config{Environment: environment}.WithDefaults()
	return stack{environment, c, Fixed(c), Rows(c, Example)}
}

// rate is a row of the comparison.
type rate struct {
	Environment config.Environment
	Searched
}

func rates() []rate {
	var all []rate
	for _, environment := range []config.Environment{config.Dev, config.Prod} {
		for _, rows := range []float64{0, 100, 1000} {
			all = append(all, rate{environment, Compare(environment, rows)})
		}
	}
	return all
}

func billTable(b Bill) string {
	var out strings.Builder
	out.WriteString("| what | quantity | of | for one | a month | keys |\n|---|---:|---|---:|---:|---|\n")
	for _, l := range b {
		factors := make([]string, len(l.Quantity))
		for i, factor := range l.Quantity {
			factors[i] = number(factor)
		}
		amount := usd(l.USD())
		if !l.Price.Found() {
			amount = "not in the sum"
		}
		keys := ""
		if l.Keys != "" {
			keys = "`" + strings.ReplaceAll(l.Keys, ", ", "`, `") + "`"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", l.Item, strings.Join(factors, " × "), l.Price.Name, price(l.Price), amount, keys)
	}
	rest := ""
	if names := b.NotFound(); len(names) > 0 {
		rest = ", and " + strings.Join(names, ", ")
	}
	fmt.Fprintf(&out, "| **sum** | | | | **%s**%s | |\n", usd(b.USD()), rest)
	return out.String()
}

func priceTable() string {
	var out strings.Builder
	out.WriteString("| price | USD | for one | seen in | published at | note |\n|---|---:|---|---|---|---|\n")
	for _, p := range Prices {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | [%s](https://aws.amazon.com/%s) | %s |\n",
			p.Name, price(p), p.Per, strings.Join(p.Seen, ", "), strings.TrimSuffix(strings.Replace(p.Page, "/pricing", "", 1), "/"), p.Page, p.Note)
	}
	return out.String()
}

func sourceList() string {
	var out strings.Builder
	for _, s := range Sources {
		fmt.Fprintf(&out, "- [%s](%s): %s.\n", s.Key, s.URL, s.What)
	}
	return out.String()
}

func savingTable() string {
	var out strings.Builder
	out.WriteString("| change | saves in dev | in prod | what you give up |\n|---|---:|---:|---|\n")
	for _, s := range Savings {
		cells := map[config.Environment]string{}
		for _, environment := range []config.Environment{config.Dev, config.Prod} {
			saved, known := s.Saved(environment, Example)
			switch {
			case !known:
				cells[environment] = "no price found"
			case saved == 0:
				cells[environment] = "–"
			default:
				cells[environment] = usd(saved)
			}
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", s.Keys, cells[config.Dev], cells[config.Prod], s.But)
	}
	return out.String()
}

// usd formats an amount to the cent, with thousands separators.
func usd(v float64) string {
	whole, cents, _ := strings.Cut(strconv.FormatFloat(v, 'f', 2, 64), ".")
	return thousands(whole) + "." + cents
}

// number formats a factor or a unit price with five digits; a whole number keeps all digits.
func number(v float64) string {
	if v == math.Trunc(v) {
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return strconv.FormatFloat(v, 'g', 5, 64)
}

// price formats a unit price with all digits.
func price(p Price) string {
	if !p.Found() {
		return "not found"
	}
	return strconv.FormatFloat(p.USD, 'f', -1, 64)
}

func thousands(whole string) string {
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole
}
