package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/iam"
	"context"
	"fmt"
	"slices"
	"strings"
)

// takenAway is an action that a preview needs: the program looks up existing roles.
const takenAway = "iam:ListRoles"

// PermissionTakenAway removes a statement from the deployer's policies. A preview must then fail with AWS's message
// for exactly that action. With the statement back it must succeed.
func PermissionTakenAway(ctx context.Context, r *Run) error {
	restore := r.World.Guard.WithoutAction(takenAway)
	_, err := r.Stack.Preview(ctx, r.Pack)
	refused := restore()
	switch {
	case err == nil:
		return fmt.Errorf("without %s the preview succeeded; refused: %v", takenAway, refused)
	case !strings.Contains(err.Error(), "is not authorized to perform: "+takenAway):
		return fmt.Errorf("without %s the preview failed by something else: %w", takenAway, err)
	case len(refused) == 0 || slices.ContainsFunc(refused, func(r string) bool { return !strings.HasPrefix(r, takenAway+" on ") }):
		return fmt.Errorf("without %s these were refused: %v", takenAway, refused)
	}
	if _, err := r.Stack.Preview(ctx, r.Pack); err != nil {
		return fmt.Errorf("with the statement back: %w", err)
	}
	return nil
}

func deployerPolicy(f iam.Findings) report.DeployerPolicy {
	return report.DeployerPolicy{
		Calls: f.Calls, Refused: f.Refused, Unresolved: f.Unresolved, DoneWithout: f.DoneWithout,
		Statements: f.Statements, StatementsNeeded: f.StatementsNeeded, ActionsNeeded: len(f.Actions), Uncalled: f.Uncalled,
	}
}
