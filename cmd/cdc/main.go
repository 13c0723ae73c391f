// Command cdc operates a pipeline. It works on a deployed stack and finds everything through the stack's outputs. This
// file and root.go hold what all commands share.
package main

import (
	"cdcpipeline/internal/operator/advice"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// exitInterrupted is the exit code that shells use for a command ended by SIGINT.
const exitInterrupted = 130

// exitUnchecked is the exit code of a preflight in which no check failed but some checks could not be made.
const exitUnchecked = 2

// errInterrupted is returned when a signal ended a command early and in good order.
var errInterrupted = errors.New("interrupted")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the command in good order; a second one kills it.
	context.AfterFunc(ctx, stop)
	os.Exit(execute(ctx, os.Args[1:]))
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string) int {
	command := newRoot()
	command.SetArgs(args)
	executed, err := command.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errUnhealthy):
		return 1 // the printed output says why
	case errors.Is(err, errUnseen):
		return 2
	case errors.Is(err, errUnchecked):
		return exitUnchecked
	}
	fmt.Fprintln(command.ErrOrStderr(), "cdc: "+explain(executed, err))
	if ctx.Err() != nil {
		return exitInterrupted
	}
	return 1
}

// explain formats a command's error. The commands in its advice name the source of the failed command.
func explain(executed *cobra.Command, err error) string {
	source := executed.Flag("source")
	if source == nil {
		return err.Error()
	}
	return advice.Of(source.Value.String(), err.Error())
}
