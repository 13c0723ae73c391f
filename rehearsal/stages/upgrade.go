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

// baseline is the commit whose stacks this program must update without a replacement.
const baseline = "cd1bdd0"

// formerFiles are the baseline's paths of files that the rehearsal's stack uses.
var formerFiles = []string{"bootstrap/schema/retail_trans.sql", "rehearsal/stack/files/ledger.sql"}

// formerPlugins are the plugin versions that the baseline's SDKs need: plugin, version.
var formerPlugins = [][2]string{{"aws", "6.83.2"}, {"random", "4.19.0"}}

// DeployBaseline deploys the stack with the baseline's own program, compiled from this clone's history, and waits
// until its function has seen every table.
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
	former, err := makeStack(ctx, r, stack.Options{Name: "rehearsal", Host: host}, values)
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
	return r.World.Healthy() //nolint:wrapcheck // the error names the server
}

// Upgrade deploys today's program over the baseline's stack. Nothing may be replaced or deleted, except an
// invocation: it is nothing in AWS, and its replacement makes the bootstrap run again after a code change.
func Upgrade(ctx context.Context, r *Run) error {
	changes, err := up(ctx, r)
	if err != nil {
		return err
	}
	u := &report.Upgrade{From: baseline, Changes: changes.Touched(), Gone: []string{}, Dropped: []string{}}
	for _, resource := range changes.Gone {
		switch {
		case strings.HasPrefix(resource, "pulumi:providers:"): // the default provider of another version
		case strings.HasPrefix(resource, "aws:lambda/invocation:Invocation::"):
			u.Runs++
		case strings.HasPrefix(resource, "aws:athena/namedQuery:NamedQuery::"): // a text that the provider cannot change
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

// dropped are baseline resources that hold nothing and are no longer needed.
var dropped = []string{"aws:ec2/vpcEndpoint:VpcEndpoint::cdc-network-ec2messages", "aws:ec2/vpcEndpoint:VpcEndpoint::cdc-network-logs"}

// compileBaseline checks out the baseline and compiles its program. The cache keeps both.
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
