package preflight

import (
	"context"
	"errors"
	"fmt"
	"go/version"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blang/semver"
	"gopkg.in/yaml.v3"
)

// machine checks this machine and the configuration itself.
func machine(s *Stack) []Check {
	all := []Check{
		look{"config/valid", configured},
		look{"machine/pulumi", pulumiVersion},
		look{"machine/go", goVersion},
	}
	if s.Problems == nil && s.Config.Search.TunnelPort+s.Config.Search.GatewayPort != 0 {
		all = append(all, look{"machine/port", freePorts})
	}
	return all
}

// freePorts checks the ports on which the program listens.
func freePorts(_ context.Context, s *Stack) (Finding, error) {
	var free []string
	for _, p := range []struct {
		key  string
		port int
	}{{"search.tunnelPort", s.Config.Search.TunnelPort}, {"search.gatewayPort", s.Config.Search.GatewayPort}} {
		if p.port == 0 {
			continue
		}
		if found, err := freePort(s, p.key, p.port); err != nil || !found.OK {
			return found, err
		}
		free = append(free, fmt.Sprintf("127.0.0.1:%d", p.port))
	}
	return good("free: %s", strings.Join(free, ", "))
}

// configured checks the configuration and the files that it names.
func configured(_ context.Context, s *Stack) (Finding, error) {
	problems := s.Problems
	if problems == nil {
		problems = s.Config.CheckFiles(func(file string) ([]byte, error) {
			if !filepath.IsAbs(file) {
				file = filepath.Join(s.Dir, file)
			}
			return os.ReadFile(file) //nolint:wrapcheck // CheckFiles names the key and the file
		})
	}
	if problems != nil {
		return bad(s.mending(problems), "%s", problems)
	}
	return good("environment %s", s.Config.Environment)
}

// configKey matches the key at the beginning of a configuration problem. A problem without a key says itself what to
// type.
var configKey = regexp.MustCompile(`^([a-z][A-Za-z]*(?:\.[A-Za-z][A-Za-z0-9]*|\[[0-9]+\])+): (.*)`)

// mending returns the commands that fix configuration problems. Each problem is a line that names a key and its new
// value.
func (s *Stack) mending(problems error) (commands []string) {
	for line := range strings.Lines(problems.Error()) {
		found := configKey.FindStringSubmatch(line)
		switch {
		case found == nil:
		case strings.HasPrefix(found[2], "is not a key") || strings.HasPrefix(found[2], "cannot be set together"):
			commands = append(commands, fmt.Sprintf("pulumi config rm%s --path 'cdc-pipeline:%s'", s.flag(), found[1]))
		default:
			commands = append(commands, s.set(found[1], "VALUE"))
		}
	}
	return slices.Compact(commands)
}

// pulumiVersion checks that the CLI is as new as Pulumi.yaml requires.
func pulumiVersion(ctx context.Context, s *Stack) (Finding, error) {
	const install = "curl -fsSL https://get.pulumi.com | sh"
	printed, err := s.Tool(ctx, "pulumi", "version")
	if err != nil {
		return bad([]string{install}, "%s", oneLine(err.Error()))
	}
	text, err := os.ReadFile(filepath.Join(s.Dir, "Pulumi.yaml"))
	if err != nil {
		return Finding{}, fmt.Errorf("reading the project file: %w", err)
	}
	var project struct {
		Required string `yaml:"requiredPulumiVersion"`
	}
	if err := yaml.Unmarshal(text, &project); err != nil {
		return Finding{}, fmt.Errorf("reading the project file: %w", err)
	}
	have := strings.TrimSpace(printed)
	if project.Required == "" {
		return good("%s", have)
	}
	is, err := semver.ParseTolerant(have)
	if err != nil {
		return Finding{}, fmt.Errorf("`pulumi version` printed %q: %w", have, err)
	}
	is.Pre = nil // a pre-release counts as its release
	enough, err := semver.ParseRange(project.Required)
	if err != nil {
		return Finding{}, fmt.Errorf("requiredPulumiVersion in Pulumi.yaml is %q: %w", project.Required, err)
	}
	if !enough(is) {
		return bad([]string{install}, "%s, but Pulumi.yaml requires %s", have, project.Required)
	}
	return good("%s; %s is required", have, project.Required)
}

// goVersion checks the Go toolchain that compiles the program and its functions. The go command may use a newer
// toolchain for a project.
func goVersion(ctx context.Context, s *Stack) (Finding, error) {
	commands := []string{"go env -w GOTOOLCHAIN=auto"}
	text, err := os.ReadFile(filepath.Join(s.Dir, "go.mod"))
	if err != nil {
		return Finding{}, fmt.Errorf("reading which version of Go the project needs: %w", err)
	}
	var wanted string
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "go "); ok {
			wanted = "go" + strings.TrimSpace(v)
		}
	}
	printed, err := s.Tool(ctx, "go", "env", "GOVERSION")
	if err != nil { // an old one that must not download a newer one says so itself
		return bad(commands, "%s", oneLine(err.Error()))
	}
	have := strings.TrimSpace(printed)
	if version.Compare(have, wanted) < 0 {
		return bad(commands, "%s, but go.mod requires %s: get it from https://go.dev/dl, or let go download it", have, wanted)
	}
	return good("%s; go.mod requires %s", have, wanted)
}

// freePort checks that the program can listen on a port.
func freePort(s *Stack, key string, port int) (Finding, error) {
	err := listen(port)
	if err == nil {
		return good("127.0.0.1:%d is free", port)
	}
	if cause := (*net.OpError)(nil); errors.As(err, &cause) {
		err = cause.Err
	}
	var commands []string
	for other := port + 1; other <= min(port+100, 65535); other++ {
		if listen(other) == nil {
			commands = []string{s.set(key, strconv.Itoa(other))}
			break
		}
	}
	return bad(commands, "127.0.0.1:%d, %s: %s", port, key, err)
}

func listen(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err //nolint:wrapcheck // freePort names the port's use
	}
	return l.Close() //nolint:wrapcheck // freePort names the port's use
}
