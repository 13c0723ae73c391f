package athena

import (
	"bytes"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// Check reads the registrations from the control plane, and the objects from the bucket.
func TestCheckRunsWhatIsRegistered(t *testing.T) {
	ctx := t.Context()
	a := account.New(storestest.Moto(t))
	require.NoError(t, Register(ctx, a, database, bucket, "raw", "2026-11-01", []views.Table{orders}))
	client := s3.NewFromConfig(a.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	objects := lake{object: {load(1, `{"id":1,"Customer":"a"}`)}, "errors/x": {"x"}}
	for key, lines := range objects {
		body, err := zipped(lines)
		require.NoError(t, err)
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(body)})
		require.NoError(t, err)
	}
	python, err := storestest.Site(t).Python(ctx)
	require.NoError(t, err)
	o := Options{Account: a, Bucket: bucket, Prefix: "raw", Database: database, Workgroup: database, Python: python, Dir: t.TempDir()}

	got, err := Check(ctx, o)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"1": "a"}, customers(got.Views["shop_orders"]))
	require.Len(t, got.Queries, len(views.TableQueries)+4)

	o.Workgroup = "primary"
	_, err = Check(ctx, o)
	require.ErrorContains(t, err, "workgroup primary 0 saved queries: nothing to run")

	o.Workgroup = database
	require.NoError(t, Forget(ctx, a, database))
	_, err = Check(ctx, o)
	require.Error(t, err)
	require.NoError(t, Register(ctx, a, database, bucket, "raw", "2026-11-01", []views.Table{orders}), "nothing of the names is left")
}
