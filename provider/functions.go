package provider

import (
	"cdcpipeline/config"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// functionsFolder is beside the plugin in a release: the functions' zips, and their checksums as sha256sum writes them.
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

// functionCode is the code that is given, or the release's own for the architecture.
func functionCode(given pulumi.Archive, name string, of config.Functions) (pulumi.Archive, error) {
	if given != nil {
		return given, nil
	}
	dir, err := functionsDir()
	if err != nil {
		return nil, err
	}
	file := zipOf(name, of.WithDefaults(config.Dev).Architecture)
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

// zipOf is the name of a function's zip in a release: bootstrap-arm64.zip.
func zipOf(name string, arch config.Architecture) string { return fmt.Sprintf("%s-%s.zip", name, arch) }

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
