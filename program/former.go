package program

import (
	"cdcpipeline/config"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// former is the stack after its last deployment; zero before the first.
type former struct {
	// Names and ids; empty for parts that the stack does not have.
	environment, domain, collections, vpc, key, bucket string
	// streams and clusters, by the name of their source; the unnamed source's name is empty.
	streams, clusters map[string]string
	// engines are DMS's names of the engines, databases the followed PostgreSQL databases, both by source.
	engines, databases map[string]string
	// urns of the streams and clusters.
	urns map[string][]string
	// tableFormat is the format of the lake's tables; empty without tables.
	tableFormat string
	generation  int
	// never means that nothing has been deployed yet.
	never bool
}

// lastDeployment reads the stack's state through the engine, like a StackReference, but without adding a resource.
// During an update the stack's outputs are gone, so it reads resources, which exist until the program declares them.
// The engine crashes on that request for a stack without any state
// (https://github.com/pulumi/pulumi/blob/pkg/v3.276.0/pkg/backend/backend.go, GetStackResourceOutputs). So a preview
// asks for outputs first, and an update asks after the engine has registered a component.
func lastDeployment(ctx *pulumi.Context) (former, error) {
	stack := strings.Join([]string{ctx.Organization(), ctx.Project(), ctx.Stack()}, "/")
	if ctx.DryRun() {
		var written struct {
			Outputs map[string]any `pulumi:"outputs"`
		}
		byName := struct {
			Name string `pulumi:"name"`
		}{stack}
		// Raw, as below, because a secret value is not an error here.
		if _, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackOutputs", &byName, &written, ""); err != nil {
			return former{}, fmt.Errorf("reading the outputs of the stack's last deployment: %w", err)
		}
		if len(written.Outputs) == 0 {
			return former{never: true}, nil
		}
	}
	var found struct {
		Outputs map[string]resourceState `pulumi:"outputs"`
	}
	byName := struct {
		StackName string `pulumi:"stackName"`
	}{stack}
	if _, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", &byName, &found, ""); err != nil {
		return former{}, fmt.Errorf("reading the resources of the stack's last deployment: %w", err)
	}
	return formerOf(found.Outputs), nil
}

// resourceState is a resource of the last deployment, with the outputs that identify stored data. It omits the
// others: after a refresh the provider knows only an archive's hash, and the SDK cannot read an archive without a
// path.
type resourceState struct {
	Type    string `pulumi:"type"`
	Outputs struct {
		Arn               any `pulumi:"arn"`
		Bucket            any `pulumi:"bucket"`
		ClusterIdentifier any `pulumi:"clusterIdentifier"`
		DatabaseName      any `pulumi:"databaseName"`
		DomainName        any `pulumi:"domainName"`
		EngineName        any `pulumi:"engineName"`
		Environment       any `pulumi:"environment"`
		Format            any `pulumi:"format"`
		Generation        any `pulumi:"generation"`
		ID                any `pulumi:"id"`
		Name              any `pulumi:"name"`
	} `pulumi:"outputs"`
}

// formerOf collects, by URN, the data that would be lost with the resources.
func formerOf(resources map[string]resourceState) former {
	f := former{
		never: true, streams: map[string]string{}, clusters: map[string]string{}, engines: map[string]string{}, databases: map[string]string{},
		urns: map[string][]string{},
	}
	for urn, r := range resources {
		if found := ofEndpoint.FindStringSubmatch(urn); r.Type == "aws:dms/endpoint:Endpoint" && found != nil {
			f.engines[found[1]], _ = r.Outputs.EngineName.(string)
			f.databases[found[1]], _ = r.Outputs.DatabaseName.(string)
		}
		for _, part := range []struct {
			typ    string
			urn    *regexp.Regexp
			output any
			into   map[string]string
		}{
			{"aws:kinesis/stream:Stream", ofStream, r.Outputs.Name, f.streams},
			{"aws:rds/cluster:Cluster", ofCluster, r.Outputs.ClusterIdentifier, f.clusters},
		} {
			if found := part.urn.FindStringSubmatch(urn); r.Type == part.typ && found != nil {
				part.into[found[1]], _ = part.output.(string)
				f.urns[found[1]] = append(f.urns[found[1]], urn)
				f.never = false
			}
		}
		if r.Type == "cdcpipeline:lake:Tables" {
			f.tableFormat, _ = r.Outputs.Format.(string)
			generation, _ := r.Outputs.Generation.(float64)
			f.generation = int(generation)
		}
		for _, part := range []struct {
			typ, name string
			output    any
			into      *string
		}{
			{"cdcpipeline:stream:ChangeStream", "", r.Outputs.Environment, &f.environment},
			{"aws:opensearch/domain:Domain", "", r.Outputs.DomainName, &f.domain},
			{"aws:opensearch/serverlessCollection:ServerlessCollection", historyCollection, r.Outputs.Name, &f.collections},
			{"aws:ec2/vpc:Vpc", "", r.Outputs.ID, &f.vpc},
			{"aws:kms/key:Key", "", r.Outputs.Arn, &f.key},
			{"aws:s3/bucketV2:BucketV2", "-lake-bucket", r.Outputs.Bucket, &f.bucket},
		} {
			if r.Type == part.typ && strings.HasSuffix(urn, part.name) {
				*part.into, _ = part.output.(string)
				f.never = false
			}
		}
	}
	f.collections = strings.TrimSuffix(f.collections, historyCollection)
	return f
}

// ofStream, ofCluster and ofEndpoint match the ends of the URNs of a source's parts, with or without a source name.
var (
	ofEndpoint = regexp.MustCompile(`::cdc-(?:([a-z][a-z0-9]*)-)?replication-source$`)

	ofStream  = regexp.MustCompile(`::cdc-(?:([a-z][a-z0-9]*)-)?stream-stream$`)
	ofCluster = regexp.MustCompile(`::cdc-(?:([a-z][a-z0-9]*)-)?source-cluster$`)
)

// historyCollection is the suffix of a collection's name and of its resource.
const historyCollection = "-history"

// renamed lists parts whose name differs from the last deployment. They would be replaced.
func renamed(last former, cfg config.Config) []name {
	var all []name
	for _, f := range cfg.Feeds() {
		all = append(all, name{f.Key("stream.name"), "the stream", last.streams[f.Name], f.Stream.Name})
	}
	if cfg.Search.On(config.OnCollections) {
		all = append(all, name{"search.collectionName", "the collections", last.collections, cfg.Search.CollectionName})
	}
	if cfg.Search.On(config.OnDomain) {
		all = append(all, name{"search.domainName", "the domain", last.domain, cfg.Search.DomainName})
	}
	for _, f := range cfg.Feeds() {
		if f.Source.Existing == nil {
			all = append(all, name{f.Key("source.clusterName"), "the cluster", last.clusters[f.Name], f.Source.ClusterName})
		}
	}
	var changed []name
	for _, n := range all {
		if n.was != "" && n.was != n.is {
			changed = append(changed, n)
		}
	}
	return changed
}

// name describes a part of the stack: its setting, the part, and its names before and in this deployment.
type name struct{ key, part, was, is string }

// pin is the command that keeps the former name.
func (n name) pin() string {
	return fmt.Sprintf("pulumi config set --path %s:%s %s", config.Namespace, n.key, n.was)
}

// check refuses a deployment that would lose data of the last one, before anything changes. A name other than the
// stack's default was chosen on purpose.
func check(last former, stack string, cfg config.Config) error {
	var problems []error
	plain := config.Config{Search: config.Search{Kind: cfg.Search.Kind, Next: cfg.Search.Next}}.Named(stack).WithDefaults()
	chosen := map[string]bool{
		"stream.name":       cfg.Stream.Name != plain.Stream.Name,
		"search.domainName": cfg.Search.DomainName != plain.Search.DomainName, "search.collectionName": cfg.Search.CollectionName != plain.Search.CollectionName,
		"source.clusterName": cfg.Source.ClusterName != plain.Source.ClusterName,
	}
	for name := range cfg.Sources { // their names have always contained the stack's name
		f := config.Feed{Name: name}
		chosen[f.Key("stream.name")], chosen[f.Key("source.clusterName")] = true, true
	}
	turned := last.environment == string(config.Dev) && cfg.Environment == config.Prod
	for _, n := range renamed(last, cfg) {
		switch {
		case !chosen[n.key]:
			problems = append(problems, fmt.Errorf("%s: %s of this stack is %s. The deployment would replace it by %s, the default since names contain the stack's name. To keep it, run\n  %s",
				n.key, n.part, n.was, n.is, n.pin()))
		case turned:
			problems = append(problems, fmt.Errorf("%s: the deployment that makes the stack prod would replace %s %s by %s, because it protects resources only afterwards: "+
				"keep the name for now, and rename it (or not) when prod is deployed\n  %s", n.key, n.part, n.was, n.is, n.pin()))
		}
	}
	if turned {
		problems = append(problems, moved(last, cfg)...)
	}
	problems = append(problems, reformatted(last, cfg), abandoned(last, cfg.Search))
	for _, f := range cfg.Feeds() {
		problems = append(problems, otherDatabase(last, f))
	}
	return errors.Join(problems...)
}

// otherDatabase reports a source whose database has another engine, or is another database of the same server. The
// slot, the epochs and the stored rows belong to the former database.
func otherDatabase(last former, f config.Feed) error {
	was, database := config.EngineMySQL, ""
	switch last.engines[f.Name] {
	case "":
		return nil
	case "postgres", "aurora-postgresql":
		was, database = config.EnginePostgreSQL, last.databases[f.Name]
	}
	for _, n := range []name{
		{f.Key("source.engine"), "the engine", string(was), string(f.Source.Engine)},
		{f.Key("source.databaseName"), "the database", database, f.Source.DatabaseName},
	} {
		if n.was != n.is && n.was != "" {
			return fmt.Errorf("%s: %s of this source is %s and would become %s, but stored records do not say which database they come from. To keep it, run\n  %s\nand add the other database under a name in sources",
				n.key, n.part, n.was, n.is, n.pin())
		}
	}
	return nil
}

// reformatted reports tables that would get another format under the same folder number.
func reformatted(last former, cfg config.Config) error {
	now := cfg.Lake.Tables
	if last.tableFormat == "" || !cfg.KeepsTables() || string(now.Format) == last.tableFormat || now.Generation > last.generation {
		return nil
	}
	each := ""
	if len(cfg.Sources) > 0 {
		each = ", both for each source (--source)"
	}
	return fmt.Errorf("lake.tables.format: the lake's tables are %s, and a table cannot change its format: to build new tables beside the present ones, run\n"+
		"  pulumi config set --path %s:lake.tables.generation %d\nthen run `pulumi up`, `cdc tables run` and `cdc tables switch`%s; until then queries read the present ones",
		last.tableFormat, config.Namespace, last.generation+1, each)
}

// abandoned reports a search destination that another kind would replace without having been filled.
func abandoned(last former, s config.Search) error {
	left, next := "", config.SearchKind("")
	switch {
	case last.domain != "" && last.collections == "" && !s.On(config.OnDomain):
		left, next = "the domain "+last.domain, config.OnCollections
	case last.collections != "" && last.domain == "" && !s.On(config.OnCollections):
		left, next = "the collections "+last.collections, config.OnDomain
	default:
		return nil
	}
	return fmt.Errorf("search.kind: the deployment would delete %s, and its replacement would begin empty: leave search.kind as it was, and to make the other kind beside it, run\n"+
		"  pulumi config set --path %s:search.next %s\nthen go on as docs/operations.md says (\"From a domain to collections, and back\")", left, config.Namespace, next)
}

// moved lists other settings that replace stored data. Change them before or after the switch to prod, not with it.
func moved(last former, cfg config.Config) []error {
	const advice = "deploy the two changes one after the other, because stored data is protected from replacement only after prod is deployed"
	var problems []error
	switch {
	case !cfg.Search.On(config.OnDomain) && last.domain != "" && last.collections != "":
		problems = append(problems, fmt.Errorf("search.kind: the deployment that makes the stack prod would also replace the domain %s by collections: %s", last.domain, advice))
	case !cfg.Search.On(config.OnCollections) && last.domain != "" && last.collections != "":
		problems = append(problems, fmt.Errorf("search.kind: the deployment that makes the stack prod would also replace the collections %s by a domain: %s", last.collections, advice))
	}
	if cfg.Network.VpcID != "" && last.vpc != "" {
		problems = append(problems, fmt.Errorf("network.vpcId: the deployment that makes the stack prod would also move it from %s to %s: %s", last.vpc, cfg.Network.VpcID, advice))
	}
	if cfg.Encryption.KmsKeyArn != "" && last.key != "" && cfg.Encryption.KmsKeyArn != last.key {
		problems = append(problems, fmt.Errorf("encryption.kmsKeyArn: the deployment that makes the stack prod would also change its key, %s, and so replace what is stored: %s", last.key, advice))
	}
	if cfg.Lake.BucketName != "" && last.bucket != "" && cfg.Lake.BucketName != last.bucket {
		problems = append(problems, fmt.Errorf("lake.bucketName: the deployment that makes the stack prod would also replace the lake %s by %s: %s", last.bucket, cfg.Lake.BucketName, advice))
	}
	return problems
}
