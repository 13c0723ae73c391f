package provider

import (
	"cdcpipeline/config"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Functions are the functions whose code the components need.
var Functions = []string{"bootstrap", "canary", "currentstate", "rotation"}

// functionsFolder is the folder beside a released plugin. It has the functions' zips and their checksums in the format of sha256sum.
const (
	functionsFolder = "functions"
	checksums       = "SHA256SUMS"
)

// functionsDir is the folder of the running plugin's release.
var functionsDir = func() (string, error) {
	plugin, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding the plugin: %w", err)
	}
	return filepath.Join(filepath.Dir(plugin), functionsFolder), nil
}

// functionCode returns the given code, or else the release's own for the architecture.
func functionCode(given pulumi.Archive, name string, of config.Functions) (pulumi.Archive, error) {
	if given != nil {
		return given, nil
	}
	dir, err := functionsDir()
	if err != nil {
		return nil, err
	}
	file := ZipOf(name, of.WithDefaults(config.Dev).Architecture)
	path := filepath.Join(dir, file)
	const instead = "take the plugin from a release, whose folder has it, or give the function's zip as code"
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("code: is missing, and so is what is released with the plugin: %w: %s", err, instead)
	}
	listed, err := os.ReadFile(filepath.Join(dir, checksums))
	if err != nil {
		return nil, fmt.Errorf("code: the checksums of the release are missing: %w: %s", err, instead)
	}
	if !strings.Contains(string(listed), checksum(content)+"  "+file+"\n") {
		return nil, fmt.Errorf("code: %s is not what was released: %s", path, instead)
	}
	return pulumi.NewFileArchive(path), nil
}

// ZipOf is the name of a function's zip in a release: bootstrap-arm64.zip.
func ZipOf(name string, arch config.Architecture) string { return fmt.Sprintf("%s-%s.zip", name, arch) }

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// WriteFunctions writes the functions' folder of a release below dir: zips by their names, and the checksums of all.
func WriteFunctions(dir string, zips map[string]string) error {
	folder := filepath.Join(dir, functionsFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of the functions: %w", err)
	}
	var sums strings.Builder
	for _, name := range slices.Sorted(maps.Keys(zips)) {
		content, err := os.ReadFile(zips[name])
		if err != nil {
			return fmt.Errorf("reading the code of a function: %w", err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return fmt.Errorf("writing the code of a function: %w", err)
		}
		fmt.Fprintf(&sums, "%s  %s\n", checksum(content), name)
	}
	if err := os.WriteFile(filepath.Join(folder, checksums), []byte(sums.String()), 0o644); err != nil {
		return fmt.Errorf("writing the checksums of the functions: %w", err)
	}
	return nil
}
