// Package evaluation is how CloudWatch judges alarms: data points against a threshold, M of N, with points that are missing
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html and
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html), and composite alarms by their rule.
package evaluation

import "fmt"

// States of an alarm, as the API names them.
const (
	OK               = "OK"
	Alarm            = "ALARM"
	InsufficientData = "INSUFFICIENT_DATA"
)

// Verdict is what one data point says.
type Verdict int8

// Verdicts: the point lacks, is within the threshold, or is not.
const (
	Missing Verdict = iota
	Within
	Breaching
)

// Treatments of missing data, as the API names them; none is TreatMissing.
const (
	TreatMissing      = "missing"
	TreatIgnore       = "ignore"
	TreatBreaching    = "breaching"
	TreatNotBreaching = "notBreaching"
)

// Further is how many points an evaluation looks at beyond those of its periods, should some of them lack. AWS says how many only by its
// examples: five for three.
const Further = 2

// Judge is the state that an alarm has after its data points, the latest last, of which there are evaluate+Further: at least toAlarm of the
// last evaluate ones that are there must breach. Where fewer are there than that, what lacks is treated as the alarm says.
func Judge(points []Verdict, evaluate, toAlarm int, treatment, current string) string {
	there, breaching, oldest := 0, 0, 0
	for age := 1; age <= len(points) && there < evaluate; age++ {
		switch points[len(points)-age] {
		case Missing:
			continue
		case Breaching:
			breaching, oldest = breaching+1, age
		case Within:
		}
		there++
	}
	lack := evaluate - there
	if treatment == TreatBreaching {
		breaching += lack
	}
	switch {
	case breaching >= toAlarm:
		return Alarm
	case lack == 0 || treatment == TreatBreaching || treatment == TreatNotBreaching || there > breaching:
		return OK
	case treatment == TreatIgnore:
		return current
	case there == 0:
		return InsufficientData
	// Every point that is there breaches, and none that came since says otherwise.
	case oldest >= toAlarm:
		return Alarm
	default: // "the alarm does not go immediately into ALARM state": the next point may be within the threshold
		return current
	}
}

// Compare is the verdict of a value by the API's name of the comparison.
func Compare(value float64, comparison string, threshold float64) (Verdict, error) {
	var breaching bool
	switch comparison {
	case "GreaterThanThreshold":
		breaching = value > threshold
	case "GreaterThanOrEqualToThreshold":
		breaching = value >= threshold
	case "LessThanThreshold":
		breaching = value < threshold
	case "LessThanOrEqualToThreshold":
		breaching = value <= threshold
	default:
		return Missing, fmt.Errorf("the rehearsal does not know the comparison %q", comparison)
	}
	if breaching {
		return Breaching, nil
	}
	return Within, nil
}
