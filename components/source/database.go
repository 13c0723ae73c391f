// Package source makes, or adopts, the database whose committed rows are followed, and prepares it for DMS: a MySQL-compatible
// one, or PostgreSQL.
//
// [AuroraMySQL], [AuroraPostgreSQL] and [Existing] all give a [Database]; [Bootstrap] runs SQL in it from inside the VPC and refuses
// the deployment when DMS could not follow it.
package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/source/mysql/rdsca"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Database is what the rest of the pipeline needs to know of a source, whoever made it.
type Database struct {
	// Host of the writer. DMS cannot follow a reader.
	Host pulumi.StringOutput `pulumi:"host"`
	// Port the writer listens on.
	Port pulumi.IntOutput `pulumi:"port"`
	// AdminSecretArn names the secret {"username","password"} of a user who may create users and read variables.
	AdminSecretArn pulumi.StringOutput `pulumi:"adminSecretArn"`
	// SecretKmsKeyArn is the customer key of that secret; unset when the secret uses the key of Secrets Manager.
	SecretKmsKeyArn pulumi.StringOutput `pulumi:"secretKmsKeyArn,optional"`
	// SecurityGroupID of the database.
	SecurityGroupID pulumi.StringOutput `pulumi:"securityGroupId"`
	// Engine of the database. Default MySQL.
	Engine config.Engine
	// EngineName is what DMS calls the engine: aurora or mysql, aurora-postgresql or postgres.
	EngineName string
	// Name of the one database of PostgreSQL that is followed; empty for MySQL.
	Name string
	// Incarnation changes when the database became another one, even under the same name and address.
	Incarnation pulumi.StringOutput `pulumi:"incarnation"`
	// Ready is what must exist before SQL can run: the writer instance, not only its cluster.
	Ready []pulumi.Resource
	// Identity is what a replacement of which means a new database.
	Identity []pulumi.Resource
	// ClusterID is what RDS knows a cluster that was made here by; unset for a database of yours.
	ClusterID pulumi.StringOutput `pulumi:"clusterId,optional"`
	// InstanceIDs are what RDS knows the cluster's instances by; unset for a database of yours.
	InstanceIDs pulumi.StringArrayOutput `pulumi:"instanceIds,optional"`
}

// outputs are what a stack shows of the database.
func (d *Database) outputs() pulumi.Map {
	return pulumi.Map{"host": d.Host, "port": d.Port, "adminSecretArn": d.AdminSecretArn}
}

// secretKey is the customer key of the admin secret, and whether there is one.
func (d Database) secretKey() (pulumi.StringInput, bool) {
	return d.SecretKmsKeyArn, d.SecretKmsKeyArn.OutputState != nil
}

// RDSCertificates is the bundle (PEM) that signs the server certificates of RDS and Aurora in every region.
func RDSCertificates() string { return rdsca.Certificates() }

// RDSRegionalCertificates is the part of [RDSCertificates] for one region; the whole bundle when the region is
// younger than it, so that what is trusted never becomes empty.
func RDSRegionalCertificates(region string) string {
	if part := rdsca.RegionalCertificates(region); part != "" {
		return part
	}
	return rdsca.Certificates()
}
