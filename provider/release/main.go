// Command release makes the folder that the plugin is released as: the plugin itself, and the code of all functions with its checksums, so that
// whoever uses the plugin needs no Go.
//
//	go run ./provider/release -version 1.2.3 -to .cache/provider
package main

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lambdabuild"
	"cdcpipeline/provider"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

func main() {
	version := flag.String("version", "0.0.1-dev", "of the release, without a v")
	to := flag.String("to", filepath.Join(".cache", "provider"), "the folder that is written")
	system := flag.String("os", runtime.GOOS, "the operating system that the plugin is for, as Go calls it")
	arch := flag.String("arch", runtime.GOARCH, "the processor that the plugin is for, as Go calls it")
	flag.Parse()
	if err := release(context.Background(), ".", *to, *version, *system, *arch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func release(ctx context.Context, module, to, version, system, arch string) error {
	functions, err := buildFunctions(ctx, module)
	if err != nil {
		return err
	}
	if err := provider.WriteFunctions(to, functions); err != nil {
		return err
	}
	name := "pulumi-resource-" + provider.Name
	if system == "windows" {
		name += ".exe"
	}
	target, err := filepath.Abs(filepath.Join(to, name))
	if err != nil {
		return fmt.Errorf("finding the folder of the release: %w", err)
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.version="+version, "-o", target, "./cmd/pulumi-resource-"+provider.Name)
	build.Dir, build.Stderr = module, os.Stderr
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOOS="+system, "GOARCH="+arch)
	if err := build.Run(); err != nil {
		return fmt.Errorf("compiling the plugin: %w", err)
	}
	return nil
}

// buildFunctions compiles every function for every architecture that Lambda has, and gives back the zips by their names in a release.
func buildFunctions(ctx context.Context, module string) (map[string]string, error) {
	all := map[string]string{}
	for _, name := range provider.Functions {
		for _, arch := range []config.Architecture{config.ARM64, config.X8664} {
			zip, err := lambdabuild.Build(ctx, module, name, arch)
			if err != nil {
				return nil, err //nolint:wrapcheck // names the function
			}
			all[provider.ZipOf(name, arch)] = zip
		}
	}
	return all, nil
}
