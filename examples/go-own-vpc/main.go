// Command go-own-vpc takes rows of a MySQL database of one's own into a lake, by components in a VPC of one's own. Nothing is searched.
package main

import (
	"cdcpipeline/components/encryption"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/network"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/source"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(program)
}

func program(ctx *pulumi.Context) error {
	yours, err := read(ctx)
	if err != nil {
		return err
	}
	key, err := encryption.NewKey(ctx, "key", &encryption.KeyArgs{})
	if err != nil {
		return err
	}
	vpc, err := network.NewNetwork(ctx, "network", &network.NetworkArgs{
		Network:   config.Network{VpcID: yours.vpcID, PrivateSubnetIDs: yours.subnetIDs},
		Databases: []network.Database{{Port: 3306, ExistingSecurityGroupID: yours.databaseSecurityGroupID}},
	})
	if err != nil {
		return err
	}
	changes, err := stream.NewChangeStream(ctx, "changes", &stream.ChangeStreamArgs{KmsKeyArn: key.Arn})
	if err != nil {
		return err
	}
	bucket, delivery, err := intoLake(ctx, key, changes)
	if err != nil {
		return err
	}
	roles, err := replication.NewAccountRoles(ctx, "account-roles", &replication.AccountRolesArgs{})
	if err != nil {
		return err
	}
	orders, err := replication.NewReplication(ctx, "orders", &replication.ReplicationArgs{
		Tables:          []config.Table{{Database: "shop", Table: "orders"}},
		Source:          replication.SourceEndpoint{EngineName: "mysql", SecretArn: pulumi.String(yours.replicationSecretArn)},
		CaBundle:        source.RDSCertificates(),
		StreamArn:       changes.Arn,
		KmsKeyArn:       key.Arn,
		SubnetIDs:       vpc.SubnetIDs(),
		SecurityGroupID: vpc.SecurityGroups.Replication,
		AccountRoles:    roles.Dependencies,
		// The delivery reads what is written after it is there.
		StartAfter: append(vpc.Dependencies, delivery.Stream),
	})
	if err != nil {
		return err
	}
	ctx.Export("bucket", bucket.Name)
	// The task is made stopped: aws dms start-replication-task --start-replication-task-type start-replication --replication-task-arn …
	ctx.Export("taskArn", orders.TaskArn)
	return nil
}

// intoLake writes every record of the stream to a bucket.
func intoLake(ctx *pulumi.Context, key *encryption.Key, changes *stream.ChangeStream) (*lake.Bucket, *lake.Delivery, error) {
	bucket, err := lake.NewBucket(ctx, "lake", &lake.BucketArgs{KmsKeyArn: key.Arn})
	if err != nil {
		return nil, nil, err
	}
	delivery, err := lake.NewDelivery(ctx, "delivery", &lake.DeliveryArgs{
		StreamArn: changes.Arn, BucketArn: bucket.Arn, KmsKeyArn: key.Arn,
	}, pulumi.DependsOn(bucket.Dependencies))
	return bucket, delivery, err
}

// settings are what the stack's configuration names.
type settings struct {
	vpcID, databaseSecurityGroupID, replicationSecretArn string
	subnetIDs                                            []string
}

func read(ctx *pulumi.Context) (settings, error) {
	var s settings
	var subnets string
	var missing []error
	for key, into := range map[string]*string{
		"vpcId": &s.vpcID, "privateSubnetIds": &subnets,
		"databaseSecurityGroupId": &s.databaseSecurityGroupID, "replicationSecretArn": &s.replicationSecretArn,
	} {
		value, given := ctx.GetConfig(ctx.Project() + ":" + key)
		if !given {
			missing = append(missing, fmt.Errorf("%s: is missing: pulumi config set %s", key, key))
		}
		*into = value
	}
	if err := errors.Join(missing...); err != nil {
		return s, err
	}
	if err := json.Unmarshal([]byte(subnets), &s.subnetIDs); err != nil {
		return s, fmt.Errorf("privateSubnetIds: is no list of ids: pulumi config set --path 'privateSubnetIds[0]' subnet-…: %w", err)
	}
	return s, nil
}
