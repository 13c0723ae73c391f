// Package source makes or adopts the source database, MySQL-compatible or PostgreSQL, and prepares it for DMS.
//
// [AuroraMySQL], [AuroraPostgreSQL] and [Existing] each return a [Database]. [Bootstrap] runs SQL in it from inside
// the VPC, and fails the deployment when DMS could not follow it.
package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/source/mysql/rdsca"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Database describes a source for the rest of the pipeline.
type Database struct {
	// Host of the writer instance. DMS cannot follow a reader.
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
	// Name of the followed database of PostgreSQL; empty for MySQL.
	Name string
	// Incarnation changes when the database is a different one, even under the same name and address.
	Incarnation pulumi.StringOutput `pulumi:"incarnation"`
	// Ready must exist before SQL can run: the writer instance, not only its cluster.
	Ready []pulumi.Resource
	// Identity holds the resources whose replacement means a new database.
	Identity []pulumi.Resource
	// ClusterID is RDS's id of a cluster that was made here; unset for an adopted database.
	ClusterID pulumi.StringOutput `pulumi:"clusterId,optional"`
	// InstanceIDs are RDS's ids of the cluster's instances; unset for an adopted database.
	InstanceIDs pulumi.StringArrayOutput `pulumi:"instanceIds,optional"`
}

// outputs are the database's outputs that the stack shows.
func (d *Database) outputs() pulumi.Map {
	return pulumi.Map{"host": d.Host, "port": d.Port, "adminSecretArn": d.AdminSecretArn}
}

// secretKey returns the customer key of the admin secret, and whether there is one.
func (d Database) secretKey() (pulumi.StringInput, bool) {
	return d.SecretKmsKeyArn, d.SecretKmsKeyArn.OutputState != nil
}

// RDSCertificates is the PEM bundle that verifies the server certificates of RDS and Aurora in every region.
func RDSCertificates() string { return rdsca.Certificates() }

// RDSRegionalCertificates is the part of [RDSCertificates] for one region. For a region that the bundle does not know
// it is the whole bundle, so that the list of trusted authorities is never empty.
func RDSRegionalCertificates(region string) string {
	if part := rdsca.RegionalCertificates(region); part != "" {
		return part
	}
	return rdsca.Certificates()
}
