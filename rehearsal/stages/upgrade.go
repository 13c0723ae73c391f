package stages

import (
	"cdcpipeline/rehearsal/engine/languagehost"
	"cdcpipeline/rehearsal/engine/quick"
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/report"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// baseline is the commit whose stacks this program must update without replacing anything.
const baseline = "cd1bdd0"

// formerFiles are where the baseline has the files that the rehearsal's stack names.
var formerFiles = []string{"bootstrap/schema/retail_trans.sql", "rehearsal/stack/files/ledger.sql"}

// formerPlugins are the versions of plugins that the baseline's SDKs ask for: plugin, version.
var formerPlugins = [][2]string{{"aws", "6.83.2"}, {"random", "4.19.0"}}

// DeployBaseline deploys the stack with the baseline's own program, which is compiled from this clone's history, and waits until its
// function has met every table.
func DeployBaseline(ctx context.Context, r *Run) error {
	folder, program, err := compileBaseline(ctx, r)
	if err != nil {
		return fmt.Errorf("compiling the baseline: %w", err)
	}
	for _, plugin := range formerPlugins {
		if err := r.Engine.Alias(plugin[0], plugin[1]); err != nil {
			return err
		}
	}
	host, err := languagehost.Install(filepath.Join(r.Cache, "bin", "languagehost"), program, folder)
	if err != nil {
		return err
	}
	values := map[string]string{}
	for i, file := range formerFiles {
		values["cdc-pipeline:source.schemaFiles["+strconv.Itoa(i)+"]"] = file
	}
	former, err := makeStack(ctx, r, stack.Options{Name: "rehearsal", Compiled: host}, values)
	if err != nil {
		return err
	}
	r.World.DMS.AcceptUntested(true)
	defer r.World.DMS.AcceptUntested(false)
	made, err := former.Up(ctx, stack.Pack{}, r.tell)
	if err != nil {
		return fmt.Errorf("deploying the baseline: %w", err)
	}
	if err := knownToTheBaseline(ctx, r, fmt.Sprint(made.Outputs["searchDomainName"].Value)); err != nil {
		return err
	}
	return r.World.Healthy() //nolint:wrapcheck // names the server
}

// Upgrade deploys today's program over the baseline's stack: nothing may be replaced or deleted. An invocation is no thing
// of AWS: to replace it is how the bootstrap runs once more when its code is another.
func Upgrade(ctx context.Context, r *Run) error {
	changes, err := up(ctx, r)
	if err != nil {
		return err
	}
	u := &report.Upgrade{From: baseline, Changes: changes.Touched(), Gone: []string{}, Dropped: []string{}}
	for _, resource := range changes.Gone {
		switch {
		case strings.HasPrefix(resource, "pulumi:providers:"): // another version's default provider
		case strings.HasPrefix(resource, "aws:lambda/invocation:Invocation::"):
			u.Runs++
		case strings.HasPrefix(resource, "aws:athena/namedQuery:NamedQuery::"): // a text, which the provider cannot change
			u.Queries++
		case slices.Contains(dropped, resource):
			u.Dropped = append(u.Dropped, resource)
		default:
			u.Replacements++
			u.Gone = append(u.Gone, resource)
		}
	}
	r.Report.Upgrade = u
	r.Log.Detail("%v; gone: %v", changes.Changes, changes.Gone)
	return nil
}

// dropped are resources of the baseline that hold nothing and that nothing needs.
var dropped = []string{"aws:ec2/vpcEndpoint:VpcEndpoint::cdc-network-ec2messages", "aws:ec2/vpcEndpoint:VpcEndpoint::cdc-network-logs"}

// compileBaseline takes the baseline out of the clone's history and compiles its program. It keeps both in the cache.
func compileBaseline(ctx context.Context, r *Run) (folder, program string, err error) {
	folder = filepath.Join(r.Cache, "baseline", baseline)
	program = filepath.Join(folder, "program")
	if _, err := os.Stat(program); err == nil {
		return folder, program, nil
	}
	if err := exec.CommandContext(ctx, "git", "-C", r.Project, "cat-file", "-e", baseline+"^{commit}").Run(); err != nil {
		return "", "", fmt.Errorf("this clone does not have commit %s: fetch its history with git fetch --unshallow", baseline)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", "", fmt.Errorf("making a folder for it: %w", err)
	}
	archive := folder + ".tar"
	defer os.Remove(archive)
	for _, command := range [][]string{
		{"git", "-C", r.Project, "archive", "--output", archive, baseline},
		{"tar", "-xf", archive, "-C", folder},
	} {
		if text, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("%s: %w: %s", command[0], err, text)
		}
	}
	r.Log.Detail("compile the program of %s", baseline)
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	build.Dir, build.Env = folder, append(os.Environ(), quick.Environ()...)
	if text, err := build.CombinedOutput(); err != nil {
		return "", "", errors.Join(err, errors.New(string(text)))
	}
	return folder, program, nil
}
