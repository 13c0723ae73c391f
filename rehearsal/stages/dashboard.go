package stages

import (
	"cdcpipeline/rehearsal/dashboard"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

// Dashboard is what `make dashboard` runs.
var Dashboard = Part{
	"dashboard", "One stack is deployed and loaded, and its dashboard is drawn with what was measured meanwhile.",
	[]Stage{firstUp, alarmsWatched, rows, verify, {"the dashboard drawn", DrawDashboard, nil}, destroy},
}

// DrawDashboard draws the declared dashboard with this run's values into docs/dashboard.svg.
func DrawDashboard(ctx context.Context, r *Run) error {
	client := cloudwatch.NewFromConfig(r.World.Account.Config())
	listed, err := client.ListDashboards(ctx, &cloudwatch.ListDashboardsInput{})
	if err != nil {
		return fmt.Errorf("listing the dashboards: %w", err)
	}
	if len(listed.DashboardEntries) != 1 {
		return fmt.Errorf("the stack declares %d dashboards", len(listed.DashboardEntries))
	}
	declared, err := client.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: listed.DashboardEntries[0].DashboardName})
	if err != nil {
		return fmt.Errorf("reading the dashboard: %w", err)
	}
	body, err := dashboard.Parse(aws.ToString(declared.DashboardBody))
	if err != nil {
		return err //nolint:wrapcheck // the error is complete
	}
	if len(body.Widgets) == 0 {
		return errors.New("the dashboard is empty")
	}
	from := fmt.Sprintf("A rehearsal of %s on %s: minutes and seconds since it began. What is marked \"AWS only\" nothing here measures.", r.Report.Date, r.Report.Machine)
	picture, err := dashboard.Draw(body, from, r.World.Alarms)
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	path := filepath.Join(r.Project, "docs", "dashboard.svg")
	if err := os.WriteFile(path, picture, 0o644); err != nil { //nolint:gosec // a committed file
		return fmt.Errorf("writing the dashboard: %w", err)
	}
	r.Log.Detail("%s has %d widgets", path, len(body.Widgets))
	return nil
}
