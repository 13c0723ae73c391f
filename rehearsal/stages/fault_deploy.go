package stages

import (
	"cdcpipeline/components/search"
	"cdcpipeline/program"
	"cdcpipeline/rehearsal/machine/family"
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployments are interrupted while rows are written. The last one destroys the stack.
var deployments = []fault{
	{
		name:   "tunnel-cut",
		what:   "The tunnel to the domain is cut, again and again, while an up makes something in the domain; another up finds nothing to do.",
		load:   tool.Load{Count: 600, Rate: usualRate},
		inject: upThroughCuts, heal: upConverges,
	},
	{
		name:   "engine-killed-in-up",
		what:   "Pulumi's engine is killed in the middle of an up that changes the function and the domain; the lock is released, and the next up converges.",
		load:   tool.Load{Count: 600, Rate: usualRate},
		inject: killEngineInUp, heal: upConverges,
	},
	{
		name: "engine-killed-in-destroy",
		what: "Pulumi's engine is killed in the middle of a destroy, when all that was written is delivered; the lock is released, the next destroy leaves nothing.",
		last: killEngineInDestroy,
	},
}

// withAnalyst is the program with one more grant, which makes two objects in the domain.
func withAnalyst(ctx *pulumi.Context) error {
	p, err := program.FromConfig(ctx)
	if err != nil {
		return err //nolint:wrapcheck // the error names what was done
	}
	_, err = p.Access.Grant("analyst", pulumi.String("arn:aws:iam::123456789012:role/analyst"), search.Permissions{
		Indices: []search.IndexPermissions{{Patterns: []string{"retail-trans*"}, Actions: []string{"read"}}},
	})
	return err //nolint:wrapcheck // as above
}

// upThroughCuts deploys while all of the tunnel's sessions are cut three times, twice per second. A failed up is
// repeated.
func upThroughCuts(ctx context.Context, s *scene) error {
	s.program = withAnalyst
	before, done := s.World.Sessions.Sessions(), make(chan error, 1)
	go func() {
		_, err := s.deploy(ctx)
		done <- err
	}()
	cuts := 0
	for ended := false; !ended && cuts < 3; {
		select {
		case err := <-done:
			done <- err
			ended = true
		case <-time.After(500 * time.Millisecond):
		}
		if now := s.World.Sessions.Sessions(); now > before {
			s.World.Sessions.Cut()
			before, cuts = now, cuts+1
		}
	}
	err := <-done
	s.Log.Detail("the tunnel was cut %d times, and the up succeeded: %t", cuts, err == nil)
	if cuts == 0 {
		return errors.New("the up opened no tunnel")
	}
	return nil
}

// upConverges deploys what the last up should have deployed, then checks that nothing is left to do.
func upConverges(ctx context.Context, s *scene) error {
	if _, err := s.deploy(ctx); err != nil {
		return fmt.Errorf("the up after the one that was interrupted: %w", err)
	}
	u, err := s.deploy(ctx)
	if err == nil && u.Touched() > 0 {
		err = fmt.Errorf("another up changed %d resources: %v", u.Touched(), u.Changes)
	}
	return err
}

// killEngineInUp kills the engine once it has begun to change the function.
func killEngineInUp(ctx context.Context, s *scene) error {
	s.program = program.Deploy // it removes a grant, if one was made
	if err := s.Stack.SetConfig(ctx, "cdc-pipeline:search.current.timeoutSeconds", "21"); err != nil {
		return err //nolint:wrapcheck // the error names the key
	}
	return s.killEngine(ctx, "UpdateFunctionConfiguration", func() error {
		_, err := s.Stack.Up(ctx, s.Pack, s.tell)
		return err //nolint:wrapcheck // this error is expected
	})
}

// killEngine kills the engine during an operation, once the deployer has called an action again, and releases its
// lock.
func (s *scene) killEngine(ctx context.Context, action string, operation func() error) error {
	called := func() int {
		n := 0
		for a, count := range s.World.Proxy.Calls()[controlplane.Deployer] {
			if strings.HasPrefix(a.Name, action) {
				n += count
			}
		}
		return n
	}
	engine, err := filepath.EvalSymlinks(s.Engine.CLI())
	if err != nil {
		return fmt.Errorf("finding the engine: %w", err)
	}
	before, done := called(), make(chan error, 1)
	go func() { done <- operation() }()
	for called() == before {
		select {
		case err := <-done:
			return errors.Join(errors.New("it was over before the engine could be killed: "+action+" was not called"), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	killed := family.Kill(engine)
	err = <-done
	s.Log.Detail("%d processes of the engine were killed", killed)
	if killed == 0 || err == nil {
		return errors.New("the engine was not killed in the middle of its work")
	}
	return s.Stack.Cancel(ctx) //nolint:wrapcheck // the error names what was done
}

// killEngineInDestroy compares everything that was written, then interrupts a destroy.
func killEngineInDestroy(ctx context.Context, s *scene) error {
	s.write(ctx)
	if err := s.written(); err != nil {
		return err
	}
	if err := s.compare(ctx); err != nil {
		return err
	}
	err := s.killEngine(ctx, "Delete", func() error {
		_, err := s.Stack.Destroy(ctx, s.tell)
		return err //nolint:wrapcheck // this error is expected
	})
	if err != nil {
		return err
	}
	killed := time.Now()
	if err := destroyAgain(ctx, s); err != nil {
		return fmt.Errorf("the destroy after the one that was interrupted: %w", err)
	}
	s.found.RecoveredSeconds = round(time.Since(killed).Seconds())
	if left := s.Report.Destroy.Left; len(left) > 0 {
		return fmt.Errorf("the destroy has left %s", strings.Join(left, ", "))
	}
	return nil
}

// alreadyDeleted finds a resource that AWS has deleted and the killed engine has not noted. The AWS provider takes most of these for deleted, but
// not a dashboard: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/cloudwatch/dashboard.go.
var alreadyDeleted = regexp.MustCompile(`deleting (urn:pulumi:\S+): 1 error occurred:\n.*ResourceNotFound: `)

// destroyAgain does what docs/permissions.md says about a destroy that died halfway.
func destroyAgain(ctx context.Context, s *scene) error {
	err := Destroy(ctx, s.Run)
	if err == nil {
		return nil
	}
	urn := alreadyDeleted.FindStringSubmatch(err.Error())
	if urn == nil {
		return err
	}
	s.Log.Detail("pulumi refresh --target %s", urn[1])
	if _, err := s.Stack.Refresh(ctx, urn[1]); err != nil {
		return err //nolint:wrapcheck // the error says what failed
	}
	return Destroy(ctx, s.Run)
}
