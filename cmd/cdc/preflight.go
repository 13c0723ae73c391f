package main

import (
	"cdcpipeline/internal/operator/preflight"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
)

const preflightLong = `Say in a minute what would end ` + "`pulumi up`" + ` after forty: this machine, the stack's configuration, the account and the region.
It reads only, and works before the first deployment, from the stack's configuration.

  config    the configuration, and the files it names
  machine   the versions of pulumi and go, the port that the tunnel to the domain listens on
  account   the credentials, what the deployer may do, roles that the account shares
  offer     instance types and versions, in the zones that are chosen
  quota     what is in use, what the stack adds, what is allowed
  name      names that somebody may have already
  vpc       of an adopted VPC: DNS attributes, subnets, endpoints and routes
  adopted   a database's security group and secrets, a key, a log bucket

What the stack has already, whole or after a deployment that died halfway, is not counted again.

Exit code 0: all checks have passed. 1: one has failed; below it stands what to type. 2: none has failed, but some are not known,
because AWS did not answer or may not be asked; the policy docs/preflight-policy.json allows all that is asked.

Permissions are simulated with the policies of docs/permissions.md. A simulation knows no session policy, no policy of a
resource, and service control policies only as far as they have no conditions.

With --output json (keys are added, never renamed):

  stack region account deployed ready passed failed unchecked
  checks[check outcome found type[] needs]

An outcome is passed, failed or unchecked; needs is the action of IAM that is missing to ask.`

const preflightExample = `  cdc preflight
  cdc preflight --stack prod
  cdc preflight --output json | jq -r '.checks[] | select(.outcome != "passed") | .check, .found, .type[]?'`

// errUnchecked ends a preflight that says by itself what is not known.
var errUnchecked = errors.New("not everything is known")

// preflightFlags of the command line.
type preflightFlags struct {
	stack   *stackFlags
	output  string
	options preflight.Options
}

func newPreflight(stack *stackFlags) *cobra.Command {
	f := &preflightFlags{stack: stack}
	cmd := &cobra.Command{
		Use: "preflight", Short: "Say what would end a deployment", Long: preflightLong, Example: preflightExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	registerOutput(cmd, &f.output, "form")
	flags.DurationVar(&f.options.Within, "within", time.Minute, "time that all checks have together")
	flags.StringArrayVar(&f.options.Skip, "skip", nil, "check to leave out, as quota/vpcs; may be repeated")
	return cmd
}

// validate refuses what cannot be; all problems come together.
func (f *preflightFlags) validate() error {
	problems := []error{checkOutput(f.output)}
	if f.options.Within <= 0 {
		problems = append(problems, fmt.Errorf("--within: must be more than 0s, is %s", f.options.Within))
	}
	return errors.Join(problems...)
}

func (f *preflightFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	s := f.stack.planned(cmd.Context())
	report, err := preflight.Run(cmd.Context(), s, f.options)
	switch {
	case cmd.Context().Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	}
	if err := f.print(cmd.OutOrStdout(), report); err != nil {
		return err
	}
	switch {
	case report.Failed > 0:
		return errUnhealthy
	case report.Unchecked > 0:
		return errUnchecked
	}
	return nil
}

func (f *preflightFlags) print(w io.Writer, r preflight.Report) error {
	if f.output == "json" {
		lines := json.NewEncoder(w)
		lines.SetIndent("", "  ")
		lines.SetEscapeHTML(false)
		if err := lines.Encode(r); err != nil {
			return fmt.Errorf("printing the report: %w", err)
		}
		return nil
	}
	return r.WriteTable(w, isTerminal(w) && os.Getenv("NO_COLOR") == "")
}
