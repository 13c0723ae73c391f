package world

import (
	"cdcpipeline/rehearsal/standins/cloudwatch"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// alarms are evaluated on the metrics that this world's stand-ins publish.
func (w *World) alarms() *cloudwatch.Alarms {
	return cloudwatch.New(w.Account, w.log, cloudwatch.Options{Logs: w.Site.Dir, Measures: []cloudwatch.Measure{
		cloudwatch.MeasureTasks(w.Account, w.DMS), cloudwatch.MeasureDeliveries(w.Firehose), cloudwatch.MeasureFunctions(w.Runner, w.Mappings),
		cloudwatch.MeasureStreams(w.Proxy), cloudwatch.MeasureDomains(w.Account, w.Domains), w.measureDatabases(),
	}})
}

// The log that a database keeps, by the metric names of
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html: binary logs in
// MySQL, log kept for replication slots in PostgreSQL.
const (
	binlogFiles = "NumBinaryLogFiles"
	binlogBytes = "SumBinaryLogSize"
	slotLag     = "OldestReplicationSlotLag"
	logUsage    = "TransactionLogsDiskUsage"
)

// measureDatabases measures the clusters' databases. One that does not answer publishes nothing.
func (w *World) measureDatabases() cloudwatch.Measure {
	client := rds.NewFromConfig(w.Account.Config())
	var names []string
	for _, name := range []string{binlogFiles, binlogBytes, slotLag, logUsage} {
		names = append(names, "AWS/RDS "+name)
	}
	return cloudwatch.Measure{Names: names, Read: func(ctx context.Context) ([]cloudwatch.Reading, error) {
		out, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})
		if err != nil {
			return nil, fmt.Errorf("reading the clusters: %w", err)
		}
		var readings []cloudwatch.Reading
		var problems []error
		for _, cluster := range out.DBClusters {
			for _, d := range w.all() {
				if int(aws.ToInt32(cluster.Port)) != d.Port {
					continue
				}
				values, err := d.measure(ctx)
				if err != nil {
					problems = append(problems, fmt.Errorf("the cluster %s: %w", aws.ToString(cluster.DBClusterIdentifier), err))
				}
				dimensions := []map[string]string{
					{"DBClusterIdentifier": *cluster.DBClusterIdentifier}, {"DBClusterIdentifier": *cluster.DBClusterIdentifier, "Role": "WRITER"},
				}
				for _, member := range cluster.DBClusterMembers {
					dimensions = append(dimensions, map[string]string{"DBInstanceIdentifier": aws.ToString(member.DBInstanceIdentifier)})
				}
				for name, value := range values {
					for _, by := range dimensions {
						readings = append(readings, cloudwatch.Reading{Metric: cloudwatch.Metric{Namespace: "AWS/RDS", Name: name, Dimensions: by}, Value: value})
					}
				}
			}
		}
		return readings, errors.Join(problems...)
	}}
}

// measure is the log that the database keeps, by the names above.
func (d *Database) measure(ctx context.Context) (map[string]float64, error) {
	if d.Postgres != nil {
		var lag float64
		err := d.Root().QueryRowContext(ctx, "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::float8 FROM pg_replication_slots").Scan(&lag)
		if err != nil {
			return nil, fmt.Errorf("reading the slots: %w", err)
		}
		return map[string]float64{slotLag: lag, logUsage: lag}, nil
	}
	rows, err := d.Root().QueryContext(ctx, "SHOW BINARY LOGS")
	if err != nil {
		return nil, fmt.Errorf("reading the binary logs: %w", err)
	}
	defer rows.Close()
	files, size := 0.0, 0.0
	for rows.Next() {
		var name string
		var bytes float64
		if err := rows.Scan(&name, &bytes); err != nil {
			return nil, fmt.Errorf("reading the binary logs: %w", err)
		}
		files, size = files+1, size+bytes
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the binary logs: %w", err)
	}
	return map[string]float64{binlogFiles: files, binlogBytes: size}, nil
}
