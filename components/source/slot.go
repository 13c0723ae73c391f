package source

import (
	"cdcpipeline/config"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// watchSlot makes the alarm of a slot that holds back half of what it may: nobody reads it, or not as fast as is written. Without
// somebody to tell there is none. The metric is what logical replication keeps of the log; only the writer has it,
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html. It is asked for by the
// cluster and the role, https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/dimensions.html, which a failover does not change.
func (p *auroraPlan) watchSlot(ctx *pulumi.Context, cluster *rds.Cluster) error {
	if p.engine != config.EnginePostgreSQL || p.AlarmTopic == "" {
		return nil
	}
	tell := pulumi.Array{pulumi.String(p.AlarmTopic)}
	_, err := cloudwatch.NewMetricAlarm(ctx, p.name+"-slot", &cloudwatch.MetricAlarmArgs{
		AlarmDescription: pulumi.String("Replication slots of " + p.ClusterName + " hold back half of the log that they may (source.slotWalGb): " +
			"`cdc status` says whether the task runs; what to do is in docs/operations.md, A slot"),
		Namespace:          pulumi.String("AWS/RDS"),
		MetricName:         pulumi.String("TransactionLogsDiskUsage"),
		Dimensions:         pulumi.StringMap{"DBClusterIdentifier": cluster.ClusterIdentifier, "Role": pulumi.String("WRITER")},
		Statistic:          pulumi.String("Maximum"),
		ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
		Threshold:          pulumi.Float64(float64(p.SlotWalGb) * (1 << 30) / 2),
		Period:             pulumi.Int(300),
		EvaluationPeriods:  pulumi.Int(1),
		TreatMissingData:   pulumi.String("notBreaching"), // no slot, no log that is kept for one
		AlarmActions:       tell,
		OkActions:          tell,
	}, p.parent)
	if err != nil {
		return fmt.Errorf("making the alarm of the slot: %w", err)
	}
	return nil
}
