package cost_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/cost"
	"flag"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:generate go test -run ^TestTheCostPageIsCurrent$ . -update

var update = flag.Bool("update", false, "write docs/cost.md anew")

const page = "../../docs/cost.md"

var environments = []config.Environment{config.Dev, config.Prod}

func defaults(environment config.Environment) config.Config {
	return config.Config{Environment: environment}.WithDefaults()
}

func TestAServerlessTaskIsPaidByItsLeastCapacity(t *testing.T) {
	for kind, has := range map[config.Replication]struct{ units, instances int }{
		{Kind: config.Serverless}:                          {2 * 2, 0},
		{Kind: config.Serverless, MinDcu: 8}:               {2 * 8, 0},
		{Kind: config.OnInstance, Next: config.Serverless}: {2 * 2, 2},
	} {
		units, instances := 0.0, 0.0
		for _, l := range cost.Fixed(config.Config{Environment: config.Prod, Replication: kind}.WithDefaults()) {
			switch l.Price.Name {
			case "DMS DCU":
				units = l.Quantity[0] * l.Quantity[1]
			case "dms.r6i.large":
				instances = l.Quantity[0]
			}
		}
		require.Equal(t, has, struct{ units, instances int }{int(units), int(instances)}, kind)
	}
}

func TestTheCostPageIsCurrent(t *testing.T) {
	want, err := cost.Page()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(page, want, 0o644)) //nolint:gosec // a documentation page
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "stale: go generate ./internal/cost")
}

// A reader who multiplies the printed factors gets the printed amount.
func TestTheArithmeticOfThePageCanBeChecked(t *testing.T) {
	text, err := cost.Page()
	require.NoError(t, err)
	lines := regexp.MustCompile(`(?m)^\| [^|]+ \| ([0-9., ×]+) \| [^|]+ \| ([0-9.]+) \| ([0-9.,]+) \|`).FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(lines), 40)
	for _, found := range lines {
		product := 1.0
		for _, factor := range append(strings.Split(found[1], " × "), found[2]) {
			product *= parsed(t, factor)
		}
		require.InDelta(t, parsed(t, found[3]), product, 0.0051, found[0])
	}
}

func parsed(t *testing.T, number string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.ReplaceAll(number, ",", ""), 64)
	require.NoError(t, err)
	return v
}

// line finds a bill's line by the name of its price.
func line(t *testing.T, b cost.Bill, price string) cost.Line {
	t.Helper()
	i := slices.IndexFunc(b, func(l cost.Line) bool { return l.Price.Name == price })
	require.GreaterOrEqual(t, i, 0, "no line of %s", price)
	return b[i]
}

// quantity sums the units of a price over all lines of a bill.
func quantity(b cost.Bill, price string) float64 {
	var sum float64
	for _, l := range b {
		if l.Price.Name == price {
			l.Price.USD = 1
			sum += l.USD()
		}
	}
	return sum
}

func TestALineIsQuantityTimesPrice(t *testing.T) {
	prod := cost.Fixed(defaults(config.Prod))
	require.InDelta(t, 2*730*0.276, line(t, prod, "db.r7g.large").USD(), 1e-9)
	require.InDelta(t, 4*3*730*0.01, line(t, prod, "interface endpoint").USD(), 1e-9)
	var sum float64
	for _, l := range prod {
		sum += l.USD()
	}
	require.InDelta(t, sum, prod.USD(), 1e-9)
}

func TestRowsAreRoundedUpAsEachServiceDoes(t *testing.T) {
	l := cost.Load{RowsADay: 24 << 20, RecordBytes: 1025, Tables: 1}
	require.InDelta(t, 730*2, l.InKinesis(), 1e-6)
	require.InDelta(t, 730*5, l.InFirehose(), 1e-6)
	require.InDelta(t, 730*1025/1024.0, l.Raw(), 1e-6)
	dev, prod := cost.Rows(defaults(config.Dev), l), cost.Rows(defaults(config.Prod), l)
	require.InDelta(t, 3*l.InKinesis()*0.04, line(t, dev, "Kinesis out").USD(), 1e-6, "two deliveries and the function")
	require.InDelta(t, 2*l.InKinesis()*0.04, line(t, prod, "Kinesis out").USD(), 1e-6)
	require.InDelta(t, l.InKinesis()*0.05, line(t, prod, "Kinesis consumer").USD(), 1e-6, "the function alone")
	require.InDelta(t, 6*48*0.10, line(t, dev, "Kinesis kept").USD(), 1e-6, "of seven days with 48 GB each, one is free")
}

// Every other class and service must have a price; the page names this one.
func TestOnlyWhatIsNamedHasNoPrice(t *testing.T) {
	require.Empty(t, cost.Fixed(defaults(config.Dev)).NotFound())
	require.Equal(t, []string{"dms.r6i.large"}, cost.Fixed(defaults(config.Prod)).NotFound())
	for _, environment := range environments {
		require.Empty(t, cost.Rows(defaults(environment), cost.Example).NotFound())
		for _, s := range cost.Savings {
			c := changed(t, environment, s)
			require.Subset(t, []string{"dms.r6i.large"}, cost.Fixed(c).NotFound(), s.Keys)
			require.Empty(t, cost.Rows(c, cost.Example).NotFound(), s.Keys)
		}
	}
}

// changed applies a saving to a configuration. The program must accept the result.
func changed(t *testing.T, environment config.Environment, s cost.Saving) config.Config {
	t.Helper()
	c := config.Config{Environment: environment}
	s.Apply(&c)
	c = c.WithDefaults()
	require.NoError(t, c.Validate(), s.Keys)
	return c
}

func TestEveryPriceIsUsedAndSaysWhereItWasSeen(t *testing.T) {
	var sources []string
	for _, s := range cost.Sources {
		sources = append(sources, s.Key)
	}
	used := map[string]bool{"DMS storage": true, "DMS DCU": true, "Kinesis kept long": true} // in addition to the defaults
	for _, environment := range environments {
		configurations := []config.Config{defaults(environment)}
		for _, s := range cost.Savings {
			configurations = append(configurations, changed(t, environment, s))
		}
		for _, c := range configurations {
			for _, l := range append(cost.Fixed(c), cost.Rows(c, cost.Example)...) {
				used[l.Price.Name] = true
			}
		}
	}
	for _, l := range append(cost.Walkthrough(), cost.WalkthroughRows(cost.Example)...) {
		used[l.Price.Name] = true
	}
	for _, p := range cost.Prices {
		require.Subset(t, sources, p.Seen, p.Name)
		require.Equal(t, p.Found(), len(p.Seen) > 0, "%s: a price has a source", p.Name)
		require.True(t, used[p.Name], "%s is in no bill", p.Name)
	}
}

func TestASavingWithoutAPriceIsNotGuessed(t *testing.T) {
	i := slices.IndexFunc(cost.Savings, func(s cost.Saving) bool { return s.Keys == "`replication.multiAz: false`" })
	_, known := cost.Savings[i].Saved(config.Prod, cost.Example)
	require.False(t, known)
}

func TestCollectionsHaveACapacityThatIsPaidWhateverComes(t *testing.T) {
	for environment, units := range map[config.Environment]float64{config.Dev: 1, config.Prod: 2} {
		c := config.Config{Environment: environment, Search: config.Search{Kind: config.OnCollections}}.WithDefaults()
		bill := cost.Fixed(c)
		require.InDelta(t, units*730*0.24, line(t, bill, "OCU").USD(), 1e-9, environment)
		for _, l := range bill {
			require.NotContains(t, l.Price.Name, ".search", "no nodes")
			require.NotEqual(t, "OpenSearch gp3", l.Price.Name)
		}
		require.InDelta(t, quantity(cost.Fixed(defaults(environment)), "secret")-1, quantity(bill, "secret"), 0, "no master user")
		idle := cost.Compare(environment, 0)
		require.InDelta(t, line(t, bill, "OCU").USD(), idle.Least, 1e-9)
		require.InDelta(t, idle.Least, idle.Most, 1e-9)
	}
}

func TestCapacityGrowsWithTheHistory(t *testing.T) {
	few, many := cost.Compare(config.Dev, 100), cost.Compare(config.Dev, 1000)
	gb := 100 * 86400 * 1140.0 / (1 << 30) * 30 * 1.1
	require.InDelta(t, gb, few.Gb, 1e-6)
	require.InDelta(t, 730*0.24+gb*0.024, few.Least, 1e-6)
	require.InDelta(t, (0.5+3)*730*0.24+gb*0.024, few.Most, 1e-6, "303 GB in three units")
	require.InDelta(t, 10*gb, many.Gb, 1e-6)
	require.Equal(t, "r7g.large.search", few.Nodes, "a t3.small takes no volume of that size")
	require.Less(t, few.Domain, many.Domain)
	twice := cost.Compare(config.Prod, 0)
	require.InDelta(t, 2*cost.Compare(config.Dev, 0).Least, twice.Least, 1e-9, "a standby")
}
