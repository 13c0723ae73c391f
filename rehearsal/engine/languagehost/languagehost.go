// Package languagehost lets the Pulumi CLI run a compiled Go program in a chosen folder.
//
// Pulumi's own Go host is not a Go module, so it cannot be built here. This one answers an operation's calls to a
// host and starts the program like Pulumi's host, with the run's parameters in its environment.
package languagehost

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// name is the command that the CLI looks up on PATH for the runtime go.
const name = "pulumi-language-go"

// These environment variables tell the host which program to run, and in which folder.
const (
	programVariable = "REHEARSAL_PROGRAM"
	folderVariable  = "REHEARSAL_PROGRAM_FOLDER"
)

// Install makes this executable a language host in dir. It returns the environment in which the CLI finds it there
// and runs program in folder.
func Install(dir, program, folder string) (map[string]string, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this executable: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a folder for the language host: %w", err)
	}
	link := filepath.Join(dir, name)
	if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("replacing the language host: %w", err)
	}
	if err := os.Symlink(executable, link); err != nil {
		return nil, fmt.Errorf("installing the language host: %w", err)
	}
	return map[string]string{
		"PATH":          dir + string(os.PathListSeparator) + os.Getenv("PATH"),
		programVariable: program, folderVariable: folder,
	}, nil
}

// Called reports whether this process was started as a language host.
func Called() bool { return filepath.Base(os.Args[0]) == name }

// Main serves the engine whose address is the last argument, until the engine ends the process.
func Main() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for the engine: %w", err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterLanguageRuntimeServer(server, &host{
		engine:  os.Args[len(os.Args)-1],
		program: os.Getenv(programVariable), folder: os.Getenv(folderVariable),
	})
	address, _ := listener.Addr().(*net.TCPAddr)
	fmt.Println(address.Port) // a plugin reports its port to the engine this way
	if err := server.Serve(listener); err != nil {
		return fmt.Errorf("serving the engine: %w", err)
	}
	return nil
}

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	engine, program, folder string
}

// Run runs the program until it ends.
func (h *host) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	environment, err := h.environment(r)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, h.program)
	cmd.Dir, cmd.Env = h.folder, append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit):
		// The program has already reported the reason to the engine, as Pulumi's SDK does before it exits.
		return &pulumirpc.RunResponse{Bail: exit.ExitCode() == constant.ExitStatusLoggedError, Error: fmt.Sprintf("the program ended with %s", exit)}, nil
	}
	return nil, fmt.Errorf("running %s: %w", h.program, err)
}

func (h *host) environment(r *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(r.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("passing the configuration on: %w", err)
	}
	secrets, err := json.Marshal(r.GetConfigSecretKeys())
	if err != nil {
		return nil, fmt.Errorf("passing the names of secrets on: %w", err)
	}
	return []string{
		pulumi.EnvOrganization + "=" + r.GetOrganization(),
		pulumi.EnvProject + "=" + r.GetProject(),
		pulumi.EnvPulumiRootDirectory + "=" + cmp.Or(r.GetInfo().GetRootDirectory(), r.GetPwd()),
		pulumi.EnvStack + "=" + r.GetStack(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secrets),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(r.GetDryRun()),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(r.GetParallel())),
		pulumi.EnvMonitor + "=" + r.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + h.engine,
	}, nil
}

// GetRequiredPackages returns none: the engine finds plugins through the registered resources.
func (*host) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetRequiredPlugins returns none, for the same reason.
func (*host) GetRequiredPlugins(context.Context, *pulumirpc.GetRequiredPluginsRequest) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// GetPluginInfo returns a version, which every plugin must have.
func (*host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

// InstallDependencies does nothing, because the program is compiled.
func (*host) InstallDependencies(*pulumirpc.InstallDependenciesRequest, grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse]) error {
	return nil
}
