package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/naming"
	"encoding/base64"
	"fmt"
	"path"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// jobCode are the keys of the objects that a run reads first: the script that Glue starts, the code that it imports,
// and the job's specification.
type jobCode struct{ script, zip, spec pulumi.StringInput }

// putCode writes these objects. Each name contains a hash of the content. So a change makes the job read a new
// object, while a run that is going on still finds its own.
func (p *tablesPlan) putCode(ctx *pulumi.Context) (jobCode, error) {
	var code jobCode
	zip, err := tables.Zip()
	if err != nil {
		return code, err
	}
	spec := p.spec()
	for _, o := range []struct {
		name string
		key  pulumi.StringInput
		args s3.BucketObjectv2Args
		into *pulumi.StringInput
	}{
		{
			"script", pulumi.String(keyOf(p.Source, "main", tables.Script(), "py")),
			s3.BucketObjectv2Args{Content: pulumi.String(tables.Script()), ContentType: pulumi.String("text/x-python")},
			&code.script,
		},
		{
			"code", pulumi.String(keyOf(p.Source, "cdctables", string(zip), "zip")),
			s3.BucketObjectv2Args{ContentBase64: pulumi.String(base64.StdEncoding.EncodeToString(zip)), ContentType: pulumi.String("application/zip")},
			&code.zip,
		},
		{
			"spec", spec.ApplyT(func(text string) string { return keyOf(p.Source, "spec", text, "json") }).(pulumi.StringOutput),
			s3.BucketObjectv2Args{Content: spec, ContentType: pulumi.String("application/json")},
			&code.spec,
		},
	} {
		o.args.Bucket, o.args.Key = p.Bucket, o.key.ToStringOutput().ToStringPtrOutput()
		o.args.ServerSideEncryption, o.args.KmsKeyId = pulumi.String("aws:kms"), p.KmsKeyArn.ToStringOutput().ToStringPtrOutput()
		o.args.BucketKeyEnabled = pulumi.Bool(true)
		made, err := s3.NewBucketObjectv2(ctx, p.name+"-"+o.name, &o.args, p.child(), pulumi.DependsOn(p.after))
		if err != nil {
			return code, fmt.Errorf("writing the %s of the tables' job: %w", o.name, err)
		}
		*o.into = made.Key
	}
	return code, nil
}

// keyOf is the key of an object of one source's job. Deleting the source deletes its objects.
func keyOf(source, name, content, extension string) string {
	return fmt.Sprintf("%s/%s-%s.%s", path.Join(config.TablesJobsPrefix, source), name, naming.Digest(content), extension)
}

// spec is the text of the job's specification.
func (p *tablesPlan) spec() pulumi.StringOutput {
	f := follow(p.Source, p.Engine, p.Lake, p.TablesArgs.Tables, p.RowsSince)
	return pulumi.All(p.Bucket, p.Database, p.Found).ApplyT(func(known []any) (string, error) {
		described := make([]tables.Table, len(f.table))
		for i, t := range f.table {
			var err error
			if described[i], err = f.describe(p.Lake, t, f.names[i], known[2].(string)); err != nil {
				return "", err
			}
		}
		return tables.NewSpec(p.Source, p.Lake, known[0].(string), known[1].(string), p.StreamRetentionHours, described...).Text()
	}).(pulumi.StringOutput)
}
