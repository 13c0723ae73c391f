package cost_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/cost"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnEstimateIsTheBillsInARegion(t *testing.T) {
	dev := defaults(config.Dev)
	month := cost.Fixed(dev).USD() + cost.Rows(dev, cost.Example).USD()
	for region, factor := range map[string]float64{"": 1, "us-east-1": 1, "eu-central-1": 1.1, "sa-east-1": 1.45} {
		e := cost.NewEstimate(dev, cost.Example, region)
		require.InDelta(t, month*factor, e.MonthUSD, 1e-9, region)
		require.True(t, e.FactorKnown)
	}
	e := cost.NewEstimate(dev, cost.Example, "mars-1")
	require.False(t, e.FactorKnown)
	require.InDelta(t, month, e.MonthUSD, 1e-9)
	var said strings.Builder
	require.NoError(t, e.WriteSums(&said))
	require.Contains(t, said.String(), "no factor of this region was found")
}

func TestWhatHasNoPriceIsSaidAndNotInTheSum(t *testing.T) {
	e := cost.NewEstimate(defaults(config.Prod), cost.Example, "eu-west-1")
	require.Equal(t, []string{"2 × dms.r6i.large"}, e.NotFound)
	var said strings.Builder
	require.NoError(t, e.WriteSums(&said))
	require.Contains(t, said.String(), ", and 2 × dms.r6i.large")
	var sum float64
	unpriced := 0
	for _, p := range append(e.Fixed, e.Rows...) {
		sum += p.USD
		if p.Amount() == "no price found" {
			unpriced++
		}
	}
	require.Equal(t, 1, unpriced)
	require.InDelta(t, e.MonthUSD, sum*e.Factor, 1e-6)
}

func TestTheReadmeHasTheSumsOfThePage(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, row := range []string{"| dev |", "| prod |", "| [the walkthrough's stacks]"} {
		_, rest, found := strings.Cut(string(text), row)
		require.True(t, found, row)
		fields := strings.Split(rest, "|")
		if !strings.HasSuffix(row, "|") {
			fields = fields[1:]
		}
		fixed := strings.TrimSpace(fields[0])
		whole, _, _ := strings.Cut(fixed, ".")
		require.True(t, strings.Contains(string(readme), whole+" USD"), "the README has another sum of %s than %s USD", row, whole) //nolint:testifylint // the README is long
	}
}
