package stages

import (
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Stay prints all addresses and waits for Ctrl-C or `down`.
func Stay(ctx context.Context, r *Run) error {
	file := pidFile(r.Cache)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("noting the process: %w", err)
	}
	if err := os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return fmt.Errorf("noting the process: %w", err)
	}
	defer os.Remove(file)
	netrc, client, err := logins(ctx, r)
	if err != nil {
		return err
	}
	cdc := filepath.Join(r.World.Site.Dir, "cdc")
	if err := r.Tool.Script(cdc); err != nil {
		return err
	}
	url, err := serveLive(ctx, r)
	if err != nil {
		return err
	}
	ca, endpoint, bucket := r.World.Site.Authority.File(), r.World.Account.Endpoint(), r.output("lakeBucket")
	fmt.Printf(`
The pipeline is running. This page shows what goes through it: %s

In another terminal:

  watch the status     %s status --watch --ca %s
  search the history   curl --cacert %s --netrc-file %s '%s/%s/_search?pretty'
  query the database   %s --defaults-file=%s
  list the lake        curl '%s/%s?list-type=2&prefix=%s/'
  write more rows      AWS_ENDPOINT_URL=%s AWS_REGION=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s \
                         %s generate --host %s --port %s --secret-arn '%s' --ca %s

These files contain passwords. They are deleted when the rehearsal ends. To end it, press Ctrl-C here, or run "go run . down" in another terminal.
`, url, cdc, ca, ca, netrc, r.output("searchUrl"), r.output("historyIndex"), r.World.Database.Client, client, endpoint, bucket, r.output("lakePrefix"),
		endpoint, account.Region, account.Key, account.Key,
		r.Tool.Binary, r.output("sourceHost"), r.output("sourcePort"), r.output("sourceSecretArn"), ca)
	<-ctx.Done()
	return nil
}

// logins writes files for the logins of curl and the database's client; only their owner can read them.
func logins(ctx context.Context, r *Run) (netrc, client string, err error) {
	dir := r.World.Site.Dir
	user, password, err := r.World.Credentials(ctx, r.output("searchMasterSecretArn"))
	if err != nil {
		return "", "", fmt.Errorf("reading the login of the domain: %w", err)
	}
	netrc = filepath.Join(dir, "netrc")
	if err := os.WriteFile(netrc, fmt.Appendf(nil, "machine localhost login %s password %s\n", user, password), 0o600); err != nil {
		return "", "", fmt.Errorf("writing the login of the domain: %w", err)
	}
	if user, password, err = r.World.Credentials(ctx, r.output("sourceSecretArn")); err != nil {
		return "", "", fmt.Errorf("reading the login of the database: %w", err)
	}
	client = filepath.Join(dir, "client.cnf")
	text := fmt.Appendf(nil, "[client]\nprotocol=tcp\nhost=%s\nport=%s\nuser=%s\npassword=\"%s\"\nssl-ca=%s\n",
		r.output("sourceHost"), r.output("sourcePort"), user, password, r.World.Site.Authority.File())
	if err := os.WriteFile(client, text, 0o600); err != nil {
		return "", "", fmt.Errorf("writing the login of the database: %w", err)
	}
	return netrc, client, nil
}

// Down ends the process that Stay left running.
func Down(project string) error {
	text, err := os.ReadFile(pidFile(filepath.Join(project, ".cache")))
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("no pipeline is running: start one with `go run . up`")
	}
	if err != nil {
		return fmt.Errorf("finding the process: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("finding the process: %w", err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("ending the process %d: %w", pid, err)
	}
	fmt.Println("asked process", pid, "to end")
	return nil
}

func pidFile(cache string) string { return filepath.Join(cache, "rehearsal", "up.pid") }
