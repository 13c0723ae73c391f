package bastion_test

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	key   = "arn:aws:kms:us-east-1:123456789012:key/k"
	image = "ami-0123456789abcdef0"
)

func args() *bastion.BastionArgs {
	return &bastion.BastionArgs{SubnetID: pulumi.String("subnet-1"), SecurityGroupID: pulumi.String("sg-1"), KmsKeyArn: pulumi.String(key)}
}

func program(a *bastion.BastionArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := bastion.NewBastion(ctx, "bastion", a)
		return err
	}
}

func run(t *testing.T, a *bastion.BastionArgs, more ...componenttest.Answer) *componenttest.Recorder {
	t.Helper()
	latest := componenttest.Answer{Token: "aws:ssm/getParameter:getParameter", Value: map[string]any{"value": image}}
	return componenttest.Run(t, program(a), append(more, latest)...)
}

func instance(t *testing.T, r *componenttest.Recorder) componenttest.Registered {
	t.Helper()
	return r.One(t, "aws:ec2/instance:Instance", "bastion-instance")
}

func TestInstanceIsReachedByNobody(t *testing.T) {
	i := instance(t, run(t, args()))

	require.Equal(t, false, i.Input("associatePublicIpAddress"))
	require.Nil(t, i.Input("keyName"))
	require.Nil(t, i.Input("userData"))
	require.Equal(t, "subnet-1", i.Input("subnetId"))
	require.Equal(t, []any{"sg-1"}, i.Input("vpcSecurityGroupIds"))
	require.Contains(t, i.Parent, "cdcpipeline:bastion:Bastion::bastion")
}

func TestCredentialsOfTheInstanceStayOnIt(t *testing.T) {
	require.Equal(t, map[string]any{
		"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0, "instanceMetadataTags": "disabled",
	}, instance(t, run(t, args())).Input("metadataOptions"))
}

func TestVolumeIsEncryptedWithTheStacksKey(t *testing.T) {
	require.Equal(t, map[string]any{"encrypted": true, "kmsKeyId": key, "volumeType": "gp3"},
		instance(t, run(t, args())).Input("rootBlockDevice"))
}

func TestInstanceIsSmallAndOfTheImagesArchitecture(t *testing.T) {
	i := instance(t, run(t, args()))
	require.Equal(t, "t4g.nano", i.Input("instanceType"))
	require.Equal(t, image, i.Input("ami"))

	a := args()
	a.Bastion = config.Bastion{InstanceType: "m7g.medium"}
	require.Equal(t, "m7g.medium", instance(t, run(t, a)).Input("instanceType"))
}

func TestANewerImageDoesNotReplaceTheInstance(t *testing.T) {
	require.Equal(t, []string{"ami"}, instance(t, run(t, args())).IgnoreChanges)
}

func TestRoleIsThatOfAManagedInstanceAndNothingMore(t *testing.T) {
	r := run(t, args(), componenttest.Answer{
		Token: "aws:index/getPartition:getPartition",
		Value: map[string]any{"partition": "aws-cn", "dnsSuffix": "amazonaws.com.cn"},
	})

	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{
		"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com.cn"]},"Action":["sts:AssumeRole"]
	}]}`, r.One(t, "aws:iam/role:Role").Input("assumeRolePolicy").(string))
	require.Equal(t, "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore",
		r.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment").Input("policyArn"))
	require.Empty(t, r.All("aws:iam/rolePolicy:RolePolicy"))
	require.Equal(t, "bastion-role", r.One(t, "aws:iam/instanceProfile:InstanceProfile").Input("role"))
	require.Equal(t, "bastion-profile", instance(t, r).Input("iamInstanceProfile"))
}

func TestInstanceStartsWhenItMayAndCanCallSystemsManager(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		endpoint, err := ec2.NewVpcEndpoint(ctx, "ssm", &ec2.VpcEndpointArgs{VpcId: pulumi.String("vpc-1")})
		if err != nil {
			return err
		}
		a := args()
		a.StartAfter = []pulumi.Resource{endpoint}
		return program(a)(ctx)
	})

	after := strings.Join(instance(t, r).DependsOn, " ")
	require.Contains(t, after, "aws:ec2/vpcEndpoint:VpcEndpoint::ssm")
	require.Contains(t, after, "aws:iam/rolePolicyAttachment:RolePolicyAttachment::bastion-managed")
}

func TestBastionIsRefused(t *testing.T) {
	x86 := args()
	x86.InstanceType = "t3.nano"
	for name, c := range map[string]struct {
		args *bastion.BastionArgs
		want []string
	}{
		"without args":            {nil, []string{"bastion.Bastion needs args"}},
		"without a place":         {&bastion.BastionArgs{}, []string{"SubnetID: is missing", "SecurityGroupID: is missing", "KmsKeyArn: is missing"}},
		"of another architecture": {x86, []string{"bastion.instanceType", "such as t4g.nano"}},
		"for everything at once": {
			&bastion.BastionArgs{Bastion: config.Bastion{InstanceType: "t3.nano"}},
			[]string{"bastion.instanceType", "SubnetID: is missing"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := componenttest.Try(program(c.args))
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.Empty(t, r.All("aws:ec2/instance:Instance"))
		})
	}
}
