package provider

import (
	"cdcpipeline/components/canary"
	"cdcpipeline/components/feed"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/observability"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cdcpipeline/internal/currentstate"
	"cmp"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// WatchedSource is a source to watch, named by the outputs of its components. A component whose outputs are missing here has no alarms and no
// graphs. Give the same sections as to the components, because limits follow from them.
type WatchedSource struct {
	// Name is the name of the source. Empty for the unnamed source.
	Name string `pulumi:"name,optional"`
	// Source as the section source of the configuration.
	Source config.Source `pulumi:"source,optional"`
	// Stream as the section stream of the configuration.
	Stream config.Stream `pulumi:"stream,optional"`
	// Replication as the section replication of the configuration.
	Replication config.Replication `pulumi:"replication,optional"`
	// Search as the section search of the configuration.
	Search config.Search `pulumi:"search,optional"`
	// Lake as the section lake of the configuration.
	Lake config.Lake `pulumi:"lake,optional"`

	// ClusterID is the id of the database's cluster: clusterId of source.AuroraMySQL or source.AuroraPostgreSQL.
	ClusterID pulumi.StringInput `pulumi:"clusterId,optional"`
	// InstanceIDs are the ids of the cluster's instances: instanceIds of the same component.
	InstanceIDs pulumi.StringArrayInput `pulumi:"instanceIds,optional"`
	// RotationFunctionName is the name of the function that rotates the password: functionName of source.Rotation.
	RotationFunctionName pulumi.StringInput `pulumi:"rotationFunctionName,optional"`
	// TaskArn is the ARN of the task: taskArn of replication.Replication.
	TaskArn pulumi.StringInput `pulumi:"taskArn,optional"`
	// ReplicationInstanceArn is the ARN of the task's instance: instanceArn of the same component. Required with taskArn, unless replication.kind is
	// serverless.
	ReplicationInstanceArn pulumi.StringInput `pulumi:"replicationInstanceArn,optional"`
	// ReplicationInstanceID is the id of the task's instance: instanceId of the same component. Required with taskArn, unless replication.kind is
	// serverless.
	ReplicationInstanceID pulumi.StringInput `pulumi:"replicationInstanceId,optional"`
	// StreamName is the name of the stream: name of stream.ChangeStream. Required.
	StreamName pulumi.StringInput `pulumi:"streamName"`
	// LakeDeliveryName is the name of the delivery into the lake: name of lake.Delivery.
	LakeDeliveryName pulumi.StringInput `pulumi:"lakeDeliveryName,optional"`
	// TablesDatabase is the database of the lake's tables: database of lake.Catalog. Give it if lake.Tables has measured: true.
	TablesDatabase pulumi.StringInput `pulumi:"tablesDatabase,optional"`
	// SearchDeliveryName is the name of the delivery into the history index: name of search.Delivery.
	SearchDeliveryName pulumi.StringInput `pulumi:"searchDeliveryName,optional"`
	// CurrentFunctionName is the name of the function that writes present rows: functionName of search.CurrentState. It needs searchDeliveryName.
	CurrentFunctionName pulumi.StringInput `pulumi:"currentFunctionName,optional"`
	// CurrentMappingID is the id of the same function's mapping: mappingId of search.CurrentState. Give it if that component has measured: true.
	CurrentMappingID pulumi.StringInput `pulumi:"currentMappingId,optional"`
	// CurrentParkedPrefix is the prefix below which the same function parks records: parkedPrefix of search.CurrentState. Default parked/current/.
	CurrentParkedPrefix string `pulumi:"currentParkedPrefix,optional"`
	// CanaryFunctionName is the name of the canary's function: functionName of canary.Canary.
	CanaryFunctionName pulumi.StringInput `pulumi:"canaryFunctionName,optional"`
}

// Watched lists everything to watch.
type Watched struct {
	// Sources are the sources to watch, each with its own alarms. At least one.
	Sources []WatchedSource `pulumi:"sources"`
	// Domain is the search.Domain to watch, the component itself.
	Domain string `pulumi:"domain,optional" component:"search.Domain"`
	// Collections is the search.Collections to watch, the component itself.
	Collections string `pulumi:"collections,optional" component:"search.Collections"`
}

func (w *Watched) hold(args *observability.Args) []problem {
	var problems []problem
	if len(w.Sources) == 0 {
		problems = append(problems, problem{"sources", "is empty: name at least one source, with its streamName"})
	}
	if args.KmsKeyArn == nil && args.TopicArn == "" && args.Alarms.WithDefaults(config.Dev).On() {
		problems = append(problems, problem{"kmsKeyArn", "is missing: it encrypts the topic that alarms tell; or give a topic of yours, alarms.topicArn"})
	}
	for i, s := range w.Sources {
		for _, p := range s.lacks(args.Environment.WithDefault()) {
			problems = append(problems, problem{fmt.Sprintf("sources[%d].%s", i, p.path), p.reason})
		}
	}
	return problems
}

func (s WatchedSource) lacks(of config.Environment) []problem {
	var problems []problem
	for _, err := range []error{
		s.Stream.WithDefaults(of).Validate(), s.Replication.WithDefaults(of).Validate(), s.Search.WithDefaults(of).Validate(), s.Lake.WithDefaults(of).Validate(),
	} {
		problems = append(problems, problemsOf(err)...)
	}
	if err := currentstate.Source(s.Name).Validate(); err != nil {
		problems = append(problems, problem{"name", err.Error()})
	}
	if s.TaskArn != nil && slices.Contains(s.Replication.WithDefaults(of).Kinds(), config.OnInstance) && (s.ReplicationInstanceArn == nil || s.ReplicationInstanceID == nil) {
		problems = append(problems, problem{"replicationInstanceId", "is missing, or replicationInstanceArn: the task runs on an instance: give instanceId and instanceArn of replication.Replication"})
	}
	if s.CurrentFunctionName != nil && s.SearchDeliveryName == nil {
		problems = append(problems, problem{"searchDeliveryName", "is missing: rows are watched beside the history of the same place"})
	}
	return problems
}

// feed returns the source for Go's component.
func (s WatchedSource) feed(of config.Environment) *feed.Feed {
	cfg := config.Feed{
		Name: s.Name, Source: s.Source.WithDefaults(of), Stream: s.Stream.WithDefaults(of), Replication: s.Replication.WithDefaults(of),
		Search: s.Search.WithDefaults(of), Lake: s.Lake.WithDefaults(of), Canary: s.CanaryFunctionName != nil,
	}
	f := &feed.Feed{Config: cfg, Source: source.Database{Engine: cfg.Source.Engine}, Stream: &stream.ChangeStream{Name: s.StreamName.ToStringOutput()}}
	if s.ClusterID != nil {
		f.Source.ClusterID, f.Source.InstanceIDs = s.ClusterID.ToStringOutput(), pulumi.StringArray{}.ToStringArrayOutput()
		if s.InstanceIDs != nil {
			f.Source.InstanceIDs = s.InstanceIDs.ToStringArrayOutput()
		}
	}
	if s.RotationFunctionName != nil {
		f.Rotation = &source.Rotation{FunctionName: s.RotationFunctionName.ToStringOutput()}
	}
	if s.TaskArn != nil {
		f.Replication = replication.Of(cfg.Replication, s.TaskArn, s.ReplicationInstanceArn, s.ReplicationInstanceID)
	}
	if s.LakeDeliveryName != nil {
		f.Lake = &lake.Delivery{Name: s.LakeDeliveryName.ToStringOutput()}
	}
	if s.SearchDeliveryName != nil {
		d := feed.Delivery{Search: search.DeliveryOf(s.SearchDeliveryName, cfg.Search.Kind)}
		if s.CurrentFunctionName != nil {
			d.Current = search.CurrentStateOf(s.CurrentFunctionName, s.CurrentMappingID, cmp.Or(s.CurrentParkedPrefix, "parked/current/"))
		}
		f.Deliveries = []feed.Delivery{d}
	}
	if s.CanaryFunctionName != nil {
		f.Canary = canary.Of(cfg.Source.Engine, s.CanaryFunctionName)
	}
	return f
}

var observabilityForm = taking("observability.Observability", func(
	ctx *pulumi.Context, name string, args *observability.Args, more *Watched, opts ...pulumi.ResourceOption,
) (*observability.Observability, error) {
	of := args.Environment.WithDefault()
	args.Tables = map[string]*lake.Tables{}
	for _, s := range more.Sources {
		args.Feeds = append(args.Feeds, s.feed(of))
		if s.TablesDatabase != nil {
			args.Tables[s.Name] = lake.TablesOf(s.Lake.WithDefaults(of).Tables, s.Name, s.TablesDatabase)
		}
	}
	if more.Domain != "" {
		domain, err := search.DomainOf(ctx, more.Domain)
		if err != nil {
			return nil, err
		}
		args.Domains = []*search.Domain{domain}
	}
	if more.Collections != "" {
		collections, err := search.CollectionsOf(ctx, more.Collections, nil)
		if err != nil {
			return nil, err
		}
		args.Collections = []*search.Collections{collections}
	}
	return observability.New(ctx, name, args, opts...)
})
