package provider

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const pipelineToken = "cdcpipeline:pipeline:Pipeline"

// preview makes a component as `pulumi preview` does: a pipeline is not asked whether its tasks run.
func (l languages) preview(token, name string, given inputs) map[string]any {
	l.t.Helper()
	req := l.request(token, name, given)
	req.DryRun = true
	made, err := l.server.Construct(l.t.Context(), req)
	require.NoError(l.t, err)
	state, err := plugin.UnmarshalProperties(made.GetState(), plugin.MarshalOptions{KeepUnknowns: true})
	require.NoError(l.t, err)
	return state.Mappable()
}

// releasedFunctions are a release whose functions have names and no content.
func releasedFunctions(t *testing.T) (folder string) {
	t.Helper()
	zips := map[string]string{}
	for _, name := range Functions {
		zips[ZipOf(name, config.ARM64)] = written(t, name)
	}
	return released(t, zips)
}

func TestAPipelineIsTheSameFromEveryLanguage(t *testing.T) {
	folder := releasedFunctions(t)
	code := func(name string) pulumi.Archive {
		return pulumi.NewFileArchive(filepath.Join(folder, ZipOf(name, config.ARM64)))
	}
	existing := config.Source{
		Existing: &config.ExistingDatabase{Host: "orders.example.com", SecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf", SecurityGroupID: "sg-01234567"},
		Tables:   []config.Table{{Database: "shop", Table: "orders", OmitColumns: []string{"card"}}},
	}
	cfg := config.Config{
		Environment: config.Prod, Search: config.Search{Reach: config.ReachDirect},
		Network: config.Network{VpcID: componenttest.ExistingVpcID, PrivateSubnetIDs: []string{"subnet-01234567", "subnet-12345678", "subnet-23456789"}},
		Source:  config.Source{Enabled: new(true)},
		Sources: map[string]config.NamedSource{"orders": {Source: existing, Stream: config.Stream{Shards: 4}}},
	}.Named(componenttest.Stack)
	recorder := &componenttest.Recorder{}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, Code: feed.Code{
			Bootstrap: code("bootstrap"), Rotation: code("rotation"), CurrentState: code("currentstate"), Canary: code("canary"),
		}})
		return err
	}, pulumi.WithMocks(componenttest.Project, componenttest.Stack, componenttest.ExistingVpc{Recorder: recorder})))

	l := inLanguages(t)
	given := l.preview(pipelineToken, "cdc", inputs{
		"environment": "prod", "search": inputs{"reach": "direct"},
		"network": inputs{"vpcId": componenttest.ExistingVpcID, "privateSubnetIds": []any{"subnet-01234567", "subnet-12345678", "subnet-23456789"}},
		"source":  inputs{"enabled": true},
		"sources": inputs{"orders": inputs{
			"existing": inputs{"host": "orders.example.com", "secretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf", "securityGroupId": "sg-01234567"},
			"tables":   []any{inputs{"database": "shop", "table": "orders", "omitColumns": []any{"card"}}},
			"stream":   inputs{"shards": 4},
		}},
	})
	sameResources(t, recorder.Resources(), l.recorder.Resources())
	require.Equal(t, "prod", given["environment"])
	require.Equal(t, "mysql", given["sources"].(map[string]any)["orders"].(map[string]any)["sourceEngine"])
	for name := range given {
		require.Contains(t, l.server.schema.Resources[pipelineToken].Properties, name, "an output that no language knows of")
	}
}

func TestAPipelineSaysAllThatIsWrong(t *testing.T) {
	problems := inLanguages(t).refused(pipelineToken, inputs{
		"search":  inputs{"instanceTyp": "r7g.large.search", "volumeGb": "much"},
		"sources": inputs{"orders": inputs{"tabels": []any{}}},
		"stream":  inputs{"retentionHours": 1},
	})
	require.Equal(t, "is no input of cdcpipeline:pipeline:Pipeline: did you mean search.instanceType?", problems["search.instanceTyp"])
	require.Contains(t, problems["search.volumeGb"], "is not a whole number")
	require.Equal(t, "is no input of cdcpipeline:pipeline:Pipeline: did you mean sources.orders.tables?", problems["sources.orders.tabels"])
	require.Contains(t, problems["stream.retentionHours"], "is out of range")
}

func TestAPipelinesSectionsAreHeldAgainstEachOther(t *testing.T) {
	problems := inLanguages(t).refused(pipelineToken, inputs{"search": inputs{"reach": "direct"}, "bastion": inputs{"instanceType": "t4g.micro"}})
	require.Contains(t, problems["bastion.instanceType"], "cannot be set together with search.reach: direct")
}

func TestAPipelineNeedsWhatIsReleasedOrCode(t *testing.T) {
	released(t, nil)
	l := inLanguages(t)
	_, err := l.server.Construct(t.Context(), l.request(pipelineToken, "cdc", inputs{"search": inputs{"reach": "direct"}}))
	require.ErrorContains(t, err, "code: is missing, and so is what is released with the plugin")
	require.Empty(t, l.recorder.Resources())
}

func TestACodeOfOnesOwnIsTaken(t *testing.T) {
	releasedFunctions(t)
	own := written(t, "my own")
	archive, err := resource.NewPathArchive(own)
	require.NoError(t, err)
	l := inLanguages(t)
	l.preview(pipelineToken, "cdc", inputs{"search": inputs{"reach": "direct"}, "code": inputs{"bootstrap": resource.NewProperty(archive)}})
	require.Equal(t, own, l.recorder.One(t, "aws:lambda/function:Function", "cdc-bootstrap-function").Inputs["code"].ArchiveValue().Path)
}
