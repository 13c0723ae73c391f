package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/lake/views"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// kept makes the view over the table that [Tables] maintains for a source table. The job itself registers that table
// in Glue. Until its first run the view returns an error.
func (c *catalog) kept(ctx *pulumi.Context, s catalogSource, t config.Table, name views.Name) error {
	return c.view(ctx, name.Rows(), s.Found.ToStringOutput().ApplyT(func(result string) (any, error) {
		f, _, err := s.found(t, result)
		if err != nil {
			return nil, err
		}
		return tables.Rows(name, f)
	}).(pulumi.AnyOutput))
}
