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

const preflightLong = `Check in a minute what would make ` + "`pulumi up`" + ` fail after forty: this machine, the
stack's configuration, the account and the region. The command only reads. It works
before the first deployment, from the stack's configuration.

    config    the configuration, and the files it names
    machine   the versions of pulumi and go, the local port of the tunnel to the domain
    account   the credentials, the deployer's permissions, roles that the account shares
    offer     instance types and versions that AWS offers in the chosen zones
    quota     what is in use, what the stack adds, what AWS allows
    name      names that somebody may use already
    vpc       of an adopted VPC: DNS attributes, subnets, endpoints and routes
    adopted   a database's security group and secrets, a key, a log bucket

The command does not count again what the stack already has, even if a deployment
ended halfway.

Exit code 0: all checks passed. 1: a check failed; the report says what to type.
2: no check failed, but some could not be made, because AWS did not answer or
because you have no permission to ask. The policy docs/preflight-policy.json
allows all that the command asks.

The command simulates permissions with the policies of docs/permissions.md. A
simulation does not include session policies or policies of a resource. It includes
a service control policy only if that policy has no conditions.

With --output json it prints these keys. Keys are added, never renamed.

    stack region account deployed ready passed failed unchecked
    checks[check outcome found type[] needs]

An outcome is passed, failed or unchecked. needs is the IAM action that you need
before the command can make the check.`

const preflightExample = `  cdc preflight
  cdc preflight --stack prod
  cdc preflight --output json | jq -r '.checks[] | select(.outcome != "passed") | .check, .found, .type[]?'`

// errUnchecked is returned after a report that lists checks that could not be made.
var errUnchecked = errors.New("some checks could not be made")

type preflightFlags struct {
	stack   *stackFlags
	output  string
	options preflight.Options
}

func newPreflight(stack *stackFlags) *cobra.Command {
	f := &preflightFlags{stack: stack}
	cmd := &cobra.Command{
		Use: "preflight", Short: "Check what would make a deployment fail", Long: preflightLong, Example: preflightExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	registerOutput(cmd, &f.output)
	flags.DurationVar(&f.options.Within, "within", time.Minute, "time limit for all checks together")
	flags.StringArrayVar(&f.options.Skip, "skip", nil, "check to leave out, such as quota/vpcs; may be repeated")
	return cmd
}

// validate refuses invalid flags, all problems at once.
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
