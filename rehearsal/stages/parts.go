package stages

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Part is a sequence of stages that stands alone.
type Part struct {
	Name string
	// Shows says in one sentence what the part shows.
	Shows  string
	Stages []Stage
}

// Stage is one step of a part.
type Stage struct {
	Name string
	Run  func(context.Context, *Run) error
	// Reports are the keys of the report that the stage fills, as paths.
	Reports []string
}

// Stages that more than one part has.
var (
	previewMinimal = Stage{"preview with nothing configured", PreviewMinimal, []string{"preview.minimal_resources"}}
	previewProd    = Stage{"preview of prod under the policy pack", PreviewProd, []string{"policy"}}
	preview        = Stage{"preview", Preview, []string{"preview.seconds", "preview.resources"}}
	firstUp        = Stage{"up", Up, []string{"up", "mapping", "tunnel"}}
	rows           = Stage{"rows", Rows, nil}
	verify         = Stage{"verify", Verify, []string{"verify", "events", "latency_ms", "current.rows", "current.equal", "catalog"}}
	secondUp       = Stage{"second up", SecondUp, []string{"second_up"}}
	destroy        = Stage{"destroy", Destroy, []string{"destroy", "retained"}}
)

// begin are the stages that every part begins with. They run whatever was asked for.
var begin = []Stage{{"engine and servers", Prepare, nil}, {"stores and stand-ins", StartWorld, nil}}

// Basic is what `make rehearse` runs.
var Basic = Part{
	"basic", "One stack is previewed, deployed, loaded, compared row by row, deployed again without a change, and destroyed.",
	[]Stage{previewMinimal, previewProd, preview, firstUp, rows, verify, secondUp, destroy},
}

// Look is deployed and left running.
var Look = Part{
	"look", "One stack is deployed and loaded, and left running.",
	[]Stage{previewMinimal, previewProd, preview, firstUp, rows, verify, {"leave it running", Stay, nil}},
}

// Full are the parts of `make rehearse-full`, in their order.
var Full = []Part{
	{
		"lifecycle", "A stack of the baseline is brought up to date, changed in every way that its operators would, and destroyed; another adopts what is somebody else's.",
		[]Stage{
			previewMinimal, previewProd,
			check("policies in the engine", "policy_in_engine", PolicyInEngine),
			{"up of the baseline", DeployBaseline, nil},
			preview,
			{"up over the baseline", Upgrade, append(slices.Clone(firstUp.Reports), "upgrade")},
			rows, verify, secondUp,
			check("a grant taken out of the program", "grant_removed", GrantRemoved),
			check("the operator's tool", "operator", Operator),
			check("the task and an endpoint changed", "task_change", TaskChange),
			check("a table added", "table_added", TableAdded),
			check("passwords rotated", "rotation", Rotation),
			check("a domain replaced", "domain_replaced", DomainReplaced),
			destroy,
			check("everything adopted", "adopted", Adopted),
		},
	},
	{
		"account", "The account-wide roles are made where they are absent, kept by a destroy, and left alone where somebody else has made them.",
		[]Stage{check("account roles: absent, present, again", "account_roles", AccountRoles)},
	},
	{
		"rows", "Rows are applied once more, from the lake and from where they were parked, tables are loaded into new epochs, and a table gets a column.",
		[]Stage{
			firstUp, rows, verify,
			check("replays", "replay", Replay, "current.after_replay_equal", "current.after_epoch_equal"),
			check("epochs of the current indices", "epochs", Epochs),
			check("a column added", "column_added", ColumnAdded),
			destroy,
		},
	},
	{
		"faults", "The domain is killed, requests are refused, and batches come twice and late while rows are written: none is lost.",
		[]Stage{firstUp, rows, verify, check("faults while rows are written", "faults", Faults, "faults"), destroy},
	},
	{
		"sources", "Another database takes the source's place, and its rows replace the former ones.",
		[]Stage{firstUp, rows, verify, check("another source", "another_source", AnotherSource), destroy},
	},
}

// Names are those of the parts of `make rehearse-full`.
func Names() []string {
	names := make([]string, len(Full))
	for i, p := range Full {
		names[i] = p.Name
	}
	return names
}

// Named is a part of `make rehearse-full`.
func Named(name string) (Part, error) {
	for _, p := range Full {
		if p.Name == name {
			return p, nil
		}
	}
	return Part{}, fmt.Errorf("there is no part %q: choose one of %s", name, strings.Join(Names(), ", "))
}

// Only leaves of a part the stages whose names contain one of the given pieces.
func (p Part) Only(pieces []string) Part {
	p.Stages = slices.DeleteFunc(slices.Clone(p.Stages), func(s Stage) bool {
		return !slices.ContainsFunc(pieces, func(piece string) bool { return strings.Contains(s.Name, piece) })
	})
	return p
}
