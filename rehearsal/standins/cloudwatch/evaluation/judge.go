// Package evaluation implements CloudWatch's evaluation of alarms: data points against a threshold, M of N, with
// missing points (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html and
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html), and the rules of
// composite alarms.
package evaluation

import "fmt"

// These are the states of an alarm in the API's spelling.
const (
	OK               = "OK"
	Alarm            = "ALARM"
	InsufficientData = "INSUFFICIENT_DATA"
)

// Verdict is the result for one data point.
type Verdict int8

// A point is missing, within the threshold, or breaching.
const (
	Missing Verdict = iota
	WithinThreshold
	Breaching
)

// Treatments of missing data, as the API names them; the default is TreatMissing.
const (
	TreatMissing      = "missing"
	TreatIgnore       = "ignore"
	TreatBreaching    = "breaching"
	TreatNotBreaching = "notBreaching"
)

// Further is how many points beyond its periods an evaluation uses when some are missing. AWS shows the number only
// in examples: five for three.
const Further = 2

// Judge returns an alarm's state after its data points, the latest last. There are evaluate+Further points. At
// least toAlarm of the last evaluate existing points must breach. If fewer exist, missing ones are treated as the
// alarm says.
func Judge(points []Verdict, evaluate, toAlarm int, treatment, current string) string {
	there, breaching, oldest := 0, 0, 0
	for age := 1; age <= len(points) && there < evaluate; age++ {
		switch points[len(points)-age] {
		case Missing:
			continue
		case Breaching:
			breaching, oldest = breaching+1, age
		case WithinThreshold:
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
	// Every existing point breaches, and no later one contradicts it.
	case oldest >= toAlarm:
		return Alarm
	default: // "the alarm does not go immediately into ALARM state": the next point may be within the threshold
		return current
	}
}

// Compare returns the verdict on a value, with the comparison's name in the API.
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
	return WithinThreshold, nil
}
