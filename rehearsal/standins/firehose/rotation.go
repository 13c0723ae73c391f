package firehose

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

// indexName is an index rotated by a record's arrival, in UTC:
// https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html#es-index-rotation.
func indexName(base string, rotation types.AmazonopensearchserviceIndexRotationPeriod, arrived time.Time) (string, error) {
	t := arrived.UTC()
	switch rotation {
	case types.AmazonopensearchserviceIndexRotationPeriodNoRotation:
		return base, nil
	case types.AmazonopensearchserviceIndexRotationPeriodOneHour:
		return base + t.Format("-2006-01-02-15"), nil
	case types.AmazonopensearchserviceIndexRotationPeriodOneDay, "":
		return base + t.Format("-2006-01-02"), nil
	case types.AmazonopensearchserviceIndexRotationPeriodOneWeek:
		year, week := t.ISOWeek()
		return fmt.Sprintf("%s-%04d-w%02d", base, year, week), nil
	case types.AmazonopensearchserviceIndexRotationPeriodOneMonth:
		return base + t.Format("-2006-01"), nil
	}
	return "", fmt.Errorf("index rotation %q is unknown", rotation)
}
