package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// stay prints where everything is and waits for Ctrl-C or `down`.
func (r *rehearsal) stay(ctx context.Context) error {
	file := pidFile(r.cache)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("noting the process: %w", err)
	}
	if err := os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return fmt.Errorf("noting the process: %w", err)
	}
	defer os.Remove(file)
	secret := func(output string) string {
		return fmt.Sprintf("AWS_ENDPOINT_URL=%s AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws secretsmanager get-secret-value --secret-id '%s' --query SecretString --output text",
			r.world.Account.Endpoint(), r.output(output))
	}
	ca := r.world.Site.Authority.File()
	fmt.Printf(`
The pipeline is running. In another terminal:

  search   curl --cacert %s -u admin '%s/%s/_search?pretty'
           its password: %s
  MySQL    %s --host %s --port %s --user admin -p --ssl-ca %s
           its password: %s
  lake     AWS_ENDPOINT_URL=%s AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws s3 ls --recursive s3://%s/
  rows     %s generate --host %s --port %s --user admin --ca %s   (password in CDC_DB_PASSWORD)

Ctrl-C here, or "go run . down" in another terminal, ends it.
`, ca, r.output("searchUrl"), r.output("historyIndex"), secret("searchMasterSecretArn"),
		"mariadb", r.output("sourceHost"), r.output("sourcePort"), ca, secret("sourceSecretArn"),
		r.world.Account.Endpoint(), r.output("lakeBucket"),
		r.cdc, r.output("sourceHost"), r.output("sourcePort"), ca)
	<-ctx.Done()
	return ctx.Err() //nolint:wrapcheck // the way this ends
}

// down ends the process that `up` left running.
func down() error {
	root, err := project()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(pidFile(filepath.Join(root, ".cache")))
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("nothing is running: `go run . up` starts it")
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
