package canary_test

import (
	"cdcpipeline/components/canary"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	function "cdcpipeline/internal/canary"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/source/preparation"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	key       = "arn:aws:kms:us-east-1:123456789012:key/k"
	bucketArn = "arn:aws:s3:::lake"
	secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:user"

	functionType = "aws:lambda/function:Function"
	scheduleType = "aws:scheduler/schedule:Schedule"
)

// watched is a source with this name and a canary.
func watched(name string, s config.Source) config.Feed {
	cfg := config.Config{Source: s}
	if name != "" {
		cfg.Sources = map[string]config.NamedSource{name: {Source: s}}
	}
	feeds := cfg.WithDefaults().Feeds()
	return feeds[len(feeds)-1]
}

// program makes a domain, its contents and a canary.
func program(change func(*canary.Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		domain, err := search.NewDomain(ctx, "search", &search.DomainArgs{
			SubnetIDs: []pulumi.StringInput{pulumi.String("a")}, SecurityGroupID: pulumi.String("group-1"), KmsKeyArn: pulumi.String(key),
		})
		if err != nil {
			return err
		}
		access, err := search.NewAccess(ctx, "access", &search.AccessArgs{Domain: domain})
		if err != nil {
			return err
		}
		return makeCanary(ctx, access.Target(), change)
	}
}

func makeCanary(ctx *pulumi.Context, target search.Target, change func(*canary.Args)) error {
	task, err := ec2.NewVpcEndpoint(ctx, "task", &ec2.VpcEndpointArgs{VpcId: pulumi.String("vpc"), ServiceName: pulumi.String("s3")})
	if err != nil {
		return err
	}
	a := &canary.Args{
		Feed: watched("", config.Source{}), Target: target, SecretArn: pulumi.String(secretArn), Code: pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
		BucketName: pulumi.String("lake"), BucketArn: pulumi.String(bucketArn), FailedPrefix: pulumi.String("aws/lambda/uuid/"), KmsKeyArn: pulumi.String(key),
		SubnetIDs: pulumi.ToStringArray([]string{"a", "b"}), SecurityGroupID: pulumi.String("group-2"), StartAfter: []pulumi.Resource{task},
	}
	if change != nil {
		change(a)
	}
	c, err := canary.New(ctx, "canary", a)
	if err != nil {
		return err
	}
	ctx.Export("function", c.FunctionName)
	return nil
}

func run(t *testing.T, change func(*canary.Args)) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, program(change))
}

func TestACanarySaysAllThatIsMissing(t *testing.T) {
	_, err := componenttest.Try(program(func(a *canary.Args) { *a = canary.Args{} }))
	for _, want := range []string{
		"Target.Endpoint", "Target.Grant", "SecretArn", "Code", "BucketName", "BucketArn", "FailedPrefix", "KmsKeyArn", "SubnetIDs", "SecurityGroupID",
		"alarms.canary: the source has no canary",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestTheFunctionIsCalledOnceAMinuteAndNotAgainWhatHasFailed(t *testing.T) {
	r := run(t, nil)
	schedule := r.One(t, scheduleType)
	require.Equal(t, "rate(1 minute)", schedule.Input("scheduleExpression"))
	target, ok := schedule.Input("target").(map[string]any)
	require.True(t, ok)
	require.Equal(t, map[string]any{"maximumRetryAttempts": 0., "maximumEventAgeInSeconds": 60.}, target["retryPolicy"])
	require.Equal(t, "arn:aws:lambda:us-east-1:123456789012:canary-function", target["arn"])
	function := r.One(t, functionType)
	require.Equal(t, 55., function.Input("timeout"), "before the next call begins")
	require.Equal(t, map[string]any{"subnetIds": []any{"a", "b"}, "securityGroupIds": []any{"group-2"}}, function.Input("vpcConfig"))
	require.Equal(t, key, r.One(t, "aws:cloudwatch/logGroup:LogGroup", "canary-logs").Input("kmsKeyId"))
}

func TestTheFirstCallFindsAllThatItNeeds(t *testing.T) {
	dependsOn := strings.Join(run(t, nil).One(t, scheduleType).DependsOn, " ")
	for _, want := range []string{"RolesMapping::access-canary", "RolePolicy::canary-role", "RolePolicy::canary-schedule", "VpcEndpoint::task", functionType} {
		require.Contains(t, dependsOn, want)
	}
}

// settings are the settings that the function reads.
func settings(t *testing.T, r *componenttest.Recorder) function.Settings {
	t.Helper()
	environment, ok := r.One(t, functionType).Input("environment").(map[string]any)["variables"].(map[string]any)
	require.True(t, ok)
	s, err := function.ReadSettings(func(name string) string { text, _ := environment[name].(string); return text })
	require.NoError(t, err)
	return s
}

func TestTheFunctionKnowsWhereItLooks(t *testing.T) {
	tables := []config.Table{{Database: "shop", Table: "%"}}
	s := config.Source{Tables: tables, Exclude: []config.ExcludedTable{{Database: "shop", Table: "tmp%"}}, SchemaFiles: []string{"x"}, BinlogRetentionHours: 48}
	require.Equal(t, function.Settings{
		Secret: secretArn, Endpoint: "https://search-domain.example.internal", Service: "es", Alias: "current-cdc_canary-heartbeat", Bucket: "lake",
		Parked: []string{"errors/", "aws/lambda/uuid/"}, Memory: "cdc/canary-tables.json", Loads: "cdc/loaded-tables.json", LogHours: 48,
		Tables: []preparation.Table{{Database: "shop", Table: "%"}}, Exclude: []preparation.Table{{Database: "shop", Table: "tmp%"}},
	}, settings(t, run(t, func(a *canary.Args) { a.Feed = watched("", s) })))

	postgres := config.Source{Engine: config.EnginePostgreSQL, DatabaseName: "app"}
	named := settings(t, run(t, func(a *canary.Args) { a.Feed = watched("orders", postgres) }))
	require.Equal(t, []any{"postgresql", "app", 0, "current-orders-cdc_canary-heartbeat", "errors/source=orders/", "cdc/source=orders/canary-tables.json", "cdc/source=orders/loaded-tables.json"},
		[]any{named.Engine, named.Database, named.LogHours, named.Alias, named.Parked[0], named.Memory, named.Loads})
}

func TestTheNamesOfManyTablesAreLeftOutOfTheEnvironment(t *testing.T) {
	many := func(n int) (s config.Source) {
		for range n {
			s.Tables = append(s.Tables, config.Table{Database: "a_database_with_a_long_name", Table: "a_table_with_a_long_name"})
		}
		return s
	}
	require.Len(t, settings(t, run(t, func(a *canary.Args) { a.Feed = watched("", many(30)) })).Tables, 30)
	require.Empty(t, settings(t, run(t, func(a *canary.Args) { a.Feed = watched("", many(60)) })).Tables)
	_, err := componenttest.Try(program(func(a *canary.Args) {
		s := many(1)
		for _, t := range many(60).Tables {
			s.Exclude = append(s.Exclude, config.ExcludedTable{Database: t.Database, Table: t.Table})
		}
		a.Feed = watched("", s)
	}))
	require.ErrorContains(t, err, "exclude fewer tables")
}

func TestCertificatesOfRDSAreNotHandedOver(t *testing.T) {
	require.Empty(t, settings(t, run(t, func(a *canary.Args) { a.CaBundle = source.RDSCertificates() })).Certificates)
}

// document returns a policy by its statements' names: actions and resources, followed by conditions.
func document(t *testing.T, text string) map[string]string {
	t.Helper()
	var policy struct {
		Statement []struct {
			Sid              string
			Action, Resource []string
			Condition        map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &policy))
	of := map[string]string{}
	for _, s := range policy.Statement {
		if strings.HasPrefix(s.Action[0], "ec2:") {
			continue // every function in a VPC has it
		}
		of[s.Sid] = strings.Join(s.Action, " ") + " on " + strings.Join(s.Resource, " ")
		if len(s.Condition) > 0 {
			condition, err := json.Marshal(s.Condition)
			require.NoError(t, err)
			of[s.Sid] += " when " + string(condition)
		}
	}
	return of
}

func TestTheRoleReachesItsOwnAlone(t *testing.T) {
	r := run(t, nil)
	text, _ := r.One(t, "aws:iam/rolePolicy:RolePolicy", "canary-role").Input("policy").(string)
	own, loads := bucketArn+"/cdc/canary-tables.json", bucketArn+"/cdc/loaded-tables.json"
	require.Equal(t, map[string]string{
		"WriteOwnLogs":    "logs:CreateLogStream logs:PutLogEvents on arn:aws:cloudwatch:us-east-1:123456789012:canary-logs:*",
		"ReadSecret":      "secretsmanager:GetSecretValue on " + secretArn,
		"DecryptSecret":   "kms:Decrypt on " + key + ` when {"StringEquals":{"kms:EncryptionContext:SecretARN":["` + secretArn + `"]}}`,
		"SearchHeartbeat": "es:ESHttpPost on arn:aws:opensearch:us-east-1:123456789012:search-domain/current-cdc_canary-heartbeat/_search",
		"CountParked":     "s3:ListBucket on " + bucketArn,
		"ReadTables":      "s3:GetObject on " + own + " " + loads,
		"RememberTables":  "s3:PutObject on " + own,
		"UseKeyOfTables": "kms:Decrypt kms:GenerateDataKey on " + key + ` when {"StringEquals":{"kms:ViaService":["s3.us-east-1.amazonaws.com"]},` +
			`"StringLike":{"kms:EncryptionContext:aws:s3:arn":["` + bucketArn + `","` + own + `","` + loads + `"]}}`,
	}, document(t, text))
	text, _ = r.One(t, "aws:iam/rolePolicy:RolePolicy", "canary-schedule").Input("policy").(string)
	require.Equal(t, map[string]string{"CallFunction": "lambda:InvokeFunction on arn:aws:lambda:us-east-1:123456789012:canary-function"}, document(t, text))
}

func TestTheRoleReadsItsIndexAndNoOther(t *testing.T) {
	role := run(t, nil).One(t, "opensearch:index/role:Role")
	require.Empty(t, role.Input("clusterPermissions"))
	require.Equal(t, []any{map[string]any{"indexPatterns": []any{"current-cdc_canary-heartbeat*"}, "allowedActions": []any{"read"}}}, role.Input("indexPermissions"))
}

func TestInCollectionsTheRoleReadsItsIndexAndNoOther(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		c, err := search.NewCollections(ctx, "rows", &search.CollectionsArgs{
			Search: config.Search{Kind: config.OnCollections, CollectionName: "shop"}, VpcID: pulumi.String("vpc-1"), SubnetIDs: pulumi.ToStringArray([]string{"a", "b"}),
			SecurityGroupID: pulumi.String("group-1"), KmsKeyArn: pulumi.String(key),
		})
		if err != nil {
			return err
		}
		return makeCanary(ctx, c.Current(), nil)
	})
	require.Equal(t, "aoss", string(settings(t, r).Service))
	text, _ := r.One(t, "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy", "rows-canary").Input("policy").(string)
	require.JSONEq(t, `[{"Principal":["arn:aws:iam::123456789012:role/canary-role"],
		"Rules":[{"ResourceType":"index","Resource":["index/shop-current/current-cdc_canary-heartbeat*"],"Permission":["aoss:ReadDocument"]}]}]`, text)
	text, _ = r.One(t, "aws:iam/rolePolicy:RolePolicy", "canary-role").Input("policy").(string)
	require.Regexp(t, "^aoss:APIAccessAll on arn:", document(t, text)["SearchHeartbeat"])
}

func TestTheTableIsWhatTheBootstrapMakes(t *testing.T) {
	require.Equal(t, preparation.Canary, preparation.Table{Database: config.CanaryTable.Database, Table: config.CanaryTable.Table})
}

func TestMetricsAreThoseThatTheFunctionPublishes(t *testing.T) {
	for engine, headroom := range map[config.Engine]string{config.EngineMySQL: function.LogHeadroomHours, config.EnginePostgreSQL: function.LogHeadroomBytes} {
		err := pulumi.RunErr(func(ctx *pulumi.Context) error {
			domain, err := search.NewDomain(ctx, "search", &search.DomainArgs{
				SubnetIDs: []pulumi.StringInput{pulumi.String("a")}, SecurityGroupID: pulumi.String("group-1"), KmsKeyArn: pulumi.String(key),
			})
			if err != nil {
				return err
			}
			access, err := search.NewAccess(ctx, "access", &search.AccessArgs{Domain: domain})
			if err != nil {
				return err
			}
			c, err := canary.New(ctx, "canary", &canary.Args{
				Feed: watched("", config.Source{Engine: engine}), Target: access.Target(), SecretArn: pulumi.String(secretArn),
				Code:       pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
				BucketName: pulumi.String("lake"), BucketArn: pulumi.String(bucketArn), FailedPrefix: pulumi.String("aws/lambda/uuid/"), KmsKeyArn: pulumi.String(key),
				SubnetIDs: pulumi.ToStringArray([]string{"a"}), SecurityGroupID: pulumi.String("group-2"),
			})
			if err != nil {
				return err
			}
			names := []string{}
			for _, m := range []struct{ Namespace, Name string }{
				{c.MetricSearchable().Namespace, c.MetricSearchable().Name},
				{c.MetricTablesToReload().Namespace, c.MetricTablesToReload().Name},
				{c.MetricCertificateDays().Namespace, c.MetricCertificateDays().Name},
				{c.MetricLogHeadroom().Namespace, c.MetricLogHeadroom().Name},
				{c.MetricParkedObjects().Namespace, c.MetricParkedObjects().Name},
				{c.MetricFailures().Namespace, c.MetricFailures().Name},
			} {
				require.Equal(t, function.Namespace, m.Namespace)
				names = append(names, m.Name)
			}
			require.Equal(t, []string{"SearchableSeconds", "TablesToReload", "CertificateDays", headroom, "ParkedObjects", "Failures"}, names)
			dimensions := c.MetricSearchable().Dimensions
			require.Len(t, dimensions, 1)
			require.Equal(t, pulumi.StringInput(c.FunctionName), dimensions["Function"])
			return nil
		}, pulumi.WithMocks("project", "stack", &componenttest.Recorder{}))
		require.NoError(t, err)
	}
}
