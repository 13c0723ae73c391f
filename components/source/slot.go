package source

import (
	"cdcpipeline/config"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// watchSlot makes the alarm for a slot that keeps half of the log that it may keep: nobody reads it, or the reader is
// slower than the writers. Without a recipient there is no alarm.
func (p *auroraPlan) watchSlot(ctx *pulumi.Context, cluster *rds.Cluster) error {
	if p.engine != config.EnginePostgreSQL || p.AlarmTopic == "" {
		return nil
	}
	tell := pulumi.Array{pulumi.String(p.AlarmTopic)}
	m := slotBytes(cluster.ClusterIdentifier)
	_, err := cloudwatch.NewMetricAlarm(ctx, p.name+"-slot", &cloudwatch.MetricAlarmArgs{
		AlarmDescription: pulumi.String("Replication slots of " + p.ClusterName + " hold back half of the log that they may (source.slotWalGb): " +
			"`cdc status` says whether the task runs; what to do is in docs/operations.md, A slot"),
		Namespace:          pulumi.String(m.Namespace),
		MetricName:         pulumi.String(m.Name),
		Dimensions:         m.Dimensions,
		Statistic:          pulumi.String(m.Statistic),
		ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
		Threshold:          pulumi.Float64(float64(p.SlotWalGb) * (1 << 30) / 2),
		Period:             pulumi.Int(m.Period),
		EvaluationPeriods:  pulumi.Int(1),
		TreatMissingData:   pulumi.String("notBreaching"), // without a slot, no log is kept
		AlarmActions:       tell,
		OkActions:          tell,
	}, p.parent)
	if err != nil {
		return fmt.Errorf("making the alarm of the slot: %w", err)
	}
	return nil
}
