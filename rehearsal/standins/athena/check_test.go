package athena

import (
	"bytes"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// Check reads what is registered from the control plane, and the objects from the bucket.
func TestCheckRunsWhatIsRegistered(t *testing.T) {
	ctx := t.Context()
	moto, err := site.StartMoto(ctx, stores.MotoOptions{Program: "../controlplane/moto"})
	require.NoError(t, err)
	defer moto.Stop()
	a := account.New(moto.URL)
	register(t, a, asked(t, orders))
	client := s3.NewFromConfig(a.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	_, err = client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	objects := lake{object: {load(1, `{"id":1,"Customer":"a"}`)}, "errors/x": {"x"}}
	for key, lines := range objects {
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(zipped(t, lines))})
		require.NoError(t, err)
	}
	python, err := site.Python(ctx)
	require.NoError(t, err)
	o := Options{Account: a, Bucket: bucket, Prefix: "raw", Database: database, Workgroup: database, Python: python, Dir: t.TempDir()}

	got, err := Check(ctx, o)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"1": "a"}, customers(got.Views["shop_orders"]))
	require.Len(t, got.Queries, len(views.TableQueries)+4)
	require.Equal(t, 1, got.Objects)

	o.Workgroup = "primary"
	_, err = Check(ctx, o)
	require.ErrorContains(t, err, "workgroup primary 0 saved queries: nothing to run")
}

// register does what the component does.
func register(t *testing.T, a account.Account, q question) {
	t.Helper()
	ctx, catalog, queries := t.Context(), glue.NewFromConfig(a.Config()), awsathena.NewFromConfig(a.Config())
	_, err := catalog.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String(database)}})
	require.NoError(t, err)
	for _, described := range q.Tables {
		_, err := catalog.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String(database), TableInput: &types.TableInput{
			Name: &described.Name, TableType: &described.TableType, ViewOriginalText: aws.String(described.ViewOriginalText),
			Parameters: described.Parameters, PartitionKeys: glueColumns(described.PartitionKeys),
			StorageDescriptor: &types.StorageDescriptor{
				Location: &described.StorageDescriptor.Location, Columns: glueColumns(described.StorageDescriptor.Columns),
				SerdeInfo: &types.SerDeInfo{
					SerializationLibrary: &described.StorageDescriptor.SerdeInfo.SerializationLibrary,
					Parameters:           described.StorageDescriptor.SerdeInfo.Parameters,
				},
			},
		}})
		require.NoError(t, err)
	}
	_, err = queries.CreateWorkGroup(ctx, &awsathena.CreateWorkGroupInput{Name: aws.String(database)})
	require.NoError(t, err)
	for _, saved := range q.Queries {
		_, err := queries.CreateNamedQuery(ctx, &awsathena.CreateNamedQueryInput{
			Name: &saved.Name, QueryString: &saved.QueryString, Database: aws.String(database), WorkGroup: aws.String(database),
		})
		require.NoError(t, err)
	}
}

func glueColumns(columns []column) []types.Column {
	var out []types.Column
	for _, c := range columns {
		out = append(out, types.Column{Name: &c.Name, Type: &c.Type})
	}
	return out
}
