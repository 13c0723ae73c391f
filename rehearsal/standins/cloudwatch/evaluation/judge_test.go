package evaluation

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// verdicts reads the notation of AWS's tables: 0 is within the threshold, X breaches, - is missing; the latest is last.
func verdicts(t require.TestingT, text string) []Verdict {
	points := make([]Verdict, 0, len(text))
	for _, c := range text {
		at := map[rune]Verdict{'-': Missing, '0': WithinThreshold, 'X': Breaching}
		v, ok := at[c]
		require.True(t, ok, text)
		points = append(points, v)
	}
	return points
}

const retained = "the state that it had"

// The tables of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html: three periods, and in the first
// table three points, in the second two, that must breach.
func TestTheTablesOfTheDocumentationHold(t *testing.T) {
	for _, row := range []struct {
		points                                string
		toAlarm                               int
		missing, ignore, breaching, nonbreach string
	}{
		{"0-X-X", 3, OK, OK, OK, OK},
		{"0----", 3, OK, OK, OK, OK},
		{"-----", 3, InsufficientData, retained, Alarm, OK},
		{"0XX-X", 3, Alarm, Alarm, Alarm, Alarm},
		{"--X--", 3, Alarm, retained, Alarm, OK},
		{"0-X-X", 2, Alarm, Alarm, Alarm, Alarm},
		{"00X0X", 2, Alarm, Alarm, Alarm, Alarm},
		{"0-X--", 2, OK, OK, Alarm, OK},
		{"----0", 2, OK, OK, Alarm, OK},
		{"---X-", 2, Alarm, retained, Alarm, OK},
	} {
		for treatment, want := range map[string]string{
			TreatMissing: row.missing, TreatIgnore: row.ignore, TreatBreaching: row.breaching, TreatNotBreaching: row.nonbreach, "": row.missing,
		} {
			require.Equalf(t, want, Judge(verdicts(t, row.points), 3, row.toAlarm, treatment, retained), "%s, %d of 3, %s", row.points, row.toAlarm, treatment)
		}
	}
}

func TestOnePointThatBreachesIsNotYetAnAlarm(t *testing.T) {
	// This case is on the same page, in "Avoiding premature transitions to alarm state".
	require.Equal(t, OK, Judge(verdicts(t, "----X"), 3, 3, TreatMissing, OK))
	require.Equal(t, OK, Judge(verdicts(t, "---X-"), 3, 3, TreatMissing, OK))
	require.Equal(t, OK, Judge(verdicts(t, "---X0"), 3, 3, TreatMissing, Alarm))
	require.Equal(t, OK, Judge(verdicts(t, "--X-0"), 3, 3, TreatMissing, Alarm))
	require.Equal(t, Alarm, Judge(verdicts(t, "X----"), 3, 3, TreatMissing, OK), "and nothing has come since")
}

func TestANonBreachingPointThatIsPastLeavesAnAlarmThatTreatsMissingDataAsBreaching(t *testing.T) {
	// The page explains the second row: "The next time this alarm is evaluated … it will go to ALARM".
	require.Equal(t, OK, Judge(verdicts(t, "0----"), 3, 3, TreatBreaching, OK))
	require.Equal(t, Alarm, Judge(verdicts(t, "-----"), 3, 3, TreatBreaching, OK))
}

func TestTheLatestPointsCountWhenNoneIsMissing(t *testing.T) {
	for treatment := range map[string]bool{TreatMissing: true, TreatIgnore: true, TreatBreaching: true, TreatNotBreaching: true} {
		require.Equal(t, OK, Judge(verdicts(t, "XXXX0"), 1, 1, treatment, Alarm))
		require.Equal(t, Alarm, Judge(verdicts(t, "0000X"), 1, 1, treatment, OK))
		require.Equal(t, OK, Judge(verdicts(t, "XX000"), 3, 1, treatment, Alarm))
	}
}

// Treating missing data as breaching never gives fewer alarms than treating it as within the threshold.
func TestTreatingMissingDataAsBreachingNeverSilences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evaluate := rapid.IntRange(1, 6).Draw(t, "evaluate")
		toAlarm := rapid.IntRange(1, evaluate).Draw(t, "to alarm")
		points := make([]Verdict, evaluate+Further)
		for i := range points {
			points[i] = Verdict(rapid.IntRange(0, 2).Draw(t, "point"))
		}
		of := func(treatment string) string { return Judge(points, evaluate, toAlarm, treatment, OK) }
		if of(TreatNotBreaching) == Alarm {
			require.Equal(t, Alarm, of(TreatBreaching))
			require.Equal(t, Alarm, of(TreatMissing))
			require.Equal(t, Alarm, of(TreatIgnore))
		}
		if of(TreatMissing) == Alarm || of(TreatIgnore) == Alarm {
			require.Equal(t, Alarm, of(TreatBreaching))
		}
	})
}

func TestComparisonsAreThoseOfTheAPI(t *testing.T) {
	for comparison, want := range map[string][3]Verdict{ // of 1, 2 and 3 with 2
		"GreaterThanThreshold":          {WithinThreshold, WithinThreshold, Breaching},
		"GreaterThanOrEqualToThreshold": {WithinThreshold, Breaching, Breaching},
		"LessThanThreshold":             {Breaching, WithinThreshold, WithinThreshold},
		"LessThanOrEqualToThreshold":    {Breaching, Breaching, WithinThreshold},
	} {
		for i, expected := range want {
			got, err := Compare(float64(i+1), comparison, 2)
			require.NoError(t, err)
			require.Equal(t, expected, got, comparison)
		}
	}
	_, err := Compare(1, "LessThanLowerOrGreaterThanUpperThreshold", 2)
	require.Error(t, err)
}
