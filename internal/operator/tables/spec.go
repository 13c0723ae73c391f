package tables

import (
	"cdcpipeline/internal/lake/objects"
	lake "cdcpipeline/internal/lake/tables"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Spec reads the job's instructions: the object that its argument --spec names.
func (j Job) Spec(ctx context.Context, client objects.S3) (lake.Spec, error) {
	var out struct {
		Job struct{ DefaultArguments map[string]string }
	}
	if err := j.Glue.JSON(ctx, "GetJob", map[string]any{"JobName": j.Name}, &out); err != nil {
		return lake.Spec{}, fmt.Errorf("asking for the arguments of the job %s: %w", j.Name, err)
	}
	at := out.Job.DefaultArguments["--spec"]
	bucket, key, _ := strings.Cut(strings.TrimPrefix(at, "s3://"), "/")
	found, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return lake.Spec{}, fmt.Errorf("reading the specification of the job %s, %s: %w", j.Name, at, err)
	}
	defer found.Body.Close()
	text, err := io.ReadAll(found.Body)
	if err != nil {
		return lake.Spec{}, fmt.Errorf("reading the specification of the job %s, %s: %w", j.Name, at, err)
	}
	return lake.Parse(text) //nolint:wrapcheck // the error names the object
}
