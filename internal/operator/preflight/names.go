package preflight

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/footprint"
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// names checks the fixed names of a stack, which may be in use already. All other names end in random digits.
func names(s *Stack) []Check {
	var all []Check
	for _, f := range s.Config.Feeds() {
		all = append(all, name{what: of("stream", f), key: f.Key("stream.name"), value: f.Stream.Name, typ: "aws:kinesis/stream:Stream", input: "name", exists: streamExists})
	}
	if s.makesDomain() {
		domain := s.Config.Search.DomainName
		all = append(all, name{what: "domain", key: "search.domainName", value: domain, typ: "aws:opensearch/domain:Domain", input: "domainName", exists: domainExists})
	} else {
		all = append(all, look{"name/collections", collectionsAreFree}, look{"name/collection-policies", collectionPoliciesAreFree})
	}
	for _, f := range s.Config.Feeds() {
		if makesCluster(f) {
			all = append(all, name{what: of("database", f), key: f.Key("source.clusterName"), value: f.Source.ClusterName, typ: "aws:rds/cluster:Cluster", input: "clusterIdentifier", exists: clusterExists})
		}
	}
	if bucket := s.Config.Lake.BucketName; bucket != "" {
		all = append(all, name{what: "bucket", key: "lake.bucketName", value: bucket, typ: "aws:s3/bucketV2:BucketV2", input: "bucket", exists: bucketExists})
	}
	if s.Config.Lake.Catalog.On() {
		const key = "lake.catalog.database"
		database := cmp.Or(s.Config.Lake.Catalog.Database, footprint.CatalogDatabase(s.Project, s.Name))
		all = append(
			all,
			name{what: "catalog", key: key, value: database, typ: "aws:glue/catalogDatabase:CatalogDatabase", input: "name", exists: databaseExists},
			name{what: "workgroup", key: key, value: database, typ: "aws:athena/workgroup:Workgroup", input: "name", exists: workgroupExists},
		)
	}
	if s.Config.Encryption.KmsKeyArn == "" {
		all = append(all, look{"name/key-alias", aliasIsFree})
	}
	if s.makesDomain() || s.makesDatabase() {
		all = append(all, look{"name/log-groups", logGroupsAreFree})
	}
	for _, f := range s.Config.Feeds() {
		all = append(all, dmsNames{f})
	}
	return all
}

// name checks a name that the configuration chooses.
type name struct {
	what, key, value string
	// typ and input find the name in the stack's state, if the stack itself uses the name.
	typ, input string
	exists     func(ctx context.Context, s *Stack, value string) (bool, error)
}

func (n name) Name() string { return "name/" + n.what }

func (n name) Look(ctx context.Context, s *Stack) (Finding, error) {
	if s.State.owns(n.typ, n.input, n.value) {
		return good("%s is this stack's", n.value)
	}
	taken, err := n.exists(ctx, s, n.value)
	if err != nil {
		return Finding{}, err
	}
	if !taken {
		return good("%s is free", n.value)
	}
	between := "-"
	if strings.Contains(n.value, "_") { // Athena allows no other character
		between = "_"
	}
	return bad([]string{s.set(n.key, n.value+between+"2")}, "%s: the name %s is taken", n.key, n.value)
}

// absent turns a service's error for a missing resource into false.
func absent(err error, codes ...string) (bool, error) {
	if awsapi.Is(err, codes...) {
		return false, nil
	}
	return err == nil, err
}

func domainExists(ctx context.Context, s *Stack, domain string) (bool, error) {
	var found struct{}
	err := s.api(awsapi.OpenSearch).Get(ctx, "DescribeDomain", "/2021-01-01/opensearch/domain/"+url.PathEscape(domain), nil, &found)
	return absent(err, "ResourceNotFoundException")
}

func streamExists(ctx context.Context, s *Stack, stream string) (bool, error) {
	_, err := kinesis.NewFromConfig(s.AWS).DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
	return absent(err, "ResourceNotFoundException")
}

func clusterExists(ctx context.Context, s *Stack, cluster string) (bool, error) {
	err := s.api(awsapi.RDS).Query(ctx, "DescribeDBClusters", url.Values{"DBClusterIdentifier": {cluster}}, nil)
	return absent(err, "DBClusterNotFoundFault")
}

// bucketExists reports whether a bucket exists in any account. Bucket names are global. A bucket of another account
// answers with forbidden or with a redirect.
func bucketExists(ctx context.Context, s *Stack, bucket string) (bool, error) {
	_, err := s.s3().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		switch response.HTTPStatusCode() {
		case http.StatusNotFound:
			return false, nil
		case http.StatusForbidden, http.StatusMovedPermanently:
			return true, nil
		}
	}
	return err == nil, err //nolint:wrapcheck // S3's errors name the bucket
}

func (s *Stack) s3() *s3.Client {
	return s3.NewFromConfig(s.AWS, func(o *s3.Options) { o.UsePathStyle = s.Settings["s3UsePathStyle"] == "true" })
}

func databaseExists(ctx context.Context, s *Stack, database string) (bool, error) {
	var found struct{}
	err := s.api(awsapi.Glue).JSON(ctx, "GetDatabase", map[string]string{"Name": database}, &found)
	return absent(err, "EntityNotFoundException")
}

// workgroupExists searches the list, because Athena's error for a missing workgroup has no code of its own,
// https://docs.aws.amazon.com/athena/latest/APIReference/API_GetWorkGroup.html.
func workgroupExists(ctx context.Context, s *Stack, workgroup string) (bool, error) {
	request := map[string]string{}
	for {
		var page struct {
			WorkGroups []struct{ Name string }
			NextToken  string
		}
		if err := s.api(awsapi.Athena).JSON(ctx, "ListWorkGroups", request, &page); err != nil {
			return false, err
		}
		if slices.ContainsFunc(page.WorkGroups, func(w struct{ Name string }) bool { return w.Name == workgroup }) {
			return true, nil
		}
		if page.NextToken == "" {
			return false, nil
		}
		request["NextToken"] = page.NextToken
	}
}

// aliasIsFree checks that the key's alias is unused, or used by this stack. The alias contains the stack's name, so
// only an earlier stack of that name can have left it.
func aliasIsFree(ctx context.Context, s *Stack) (Finding, error) {
	alias := s.keyAlias()
	if s.State.owns("aws:kms/alias:Alias", "name", alias) {
		return good("%s is this stack's", alias)
	}
	var found struct{}
	exists, err := absent(s.api(awsapi.KMS).JSON(ctx, "DescribeKey", map[string]string{"KeyId": alias}, &found), "NotFoundException")
	switch {
	case err != nil:
		return Finding{}, err
	case exists:
		return bad([]string{s.cli("kms delete-alias --alias-name %s", alias)}, "%s is taken by a stack of this name that has lost its state: delete it, or give the stack another name", alias)
	}
	return good("%s is free", alias)
}

// logGroupsAreFree checks that no log group was left behind. A service can go on writing after its resource is deleted,
// and so create the group again.
func logGroupsAreFree(ctx context.Context, s *Stack) (Finding, error) {
	var wanted []string
	if s.makesDomain() {
		wanted = footprint.SearchLogGroups(s.Config.Search.DomainName)
	}
	for _, f := range s.Config.Feeds() {
		if makesCluster(f) {
			wanted = append(wanted, footprint.DatabaseLogGroups(f.Source.Engine, f.Source.ClusterName)...)
		}
	}
	var taken, commands []string
	for _, group := range wanted {
		if s.State.owns("aws:cloudwatch/logGroup:LogGroup", "name", group) {
			continue
		}
		var found struct {
			LogGroups []struct{ LogGroupName string }
		}
		if err := s.api(awsapi.Logs).JSON(ctx, "DescribeLogGroups", map[string]any{"logGroupNamePrefix": group}, &found); err != nil {
			return Finding{}, err
		}
		for _, g := range found.LogGroups {
			if g.LogGroupName == group {
				taken = append(taken, group)
				commands = append(commands, s.cli("logs delete-log-group --log-group-name %s", group))
			}
		}
	}
	if len(taken) > 0 {
		return bad(commands, "left by an earlier deployment: %s", strings.Join(taken, ", "))
	}
	return good("all %d are free or this stack's", len(wanted))
}
