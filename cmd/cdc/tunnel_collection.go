package main

import (
	"cdcpipeline/internal/gateway"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
)

// These names select a stack's collection in --collection.
const (
	collectionCurrent = "current"
	collectionHistory = "history"
)

// openCollection opens a gateway to a collection. It connects through the bastion, or directly from inside the VPC.
func (e entrance) openCollection(cmd *cobra.Command, stack *stackFlags, o outputs.Outputs, port int, show bool, collection string) (err error) {
	ctx := cmd.Context()
	d, err := stack.account(ctx, o)
	if err != nil {
		return err
	}
	tell := stack.teller(cmd.ErrOrStderr())
	guide := status.CollectionGuide{Name: o.CurrentCollection, URL: o.CurrentEndpoint, Index: "current-*", User: gateway.User, Profile: d.Profile}
	if collection == collectionHistory {
		guide.Name, guide.URL, guide.Index = o.HistoryCollection, o.HistoryEndpoint, o.HistoryIndex
	}
	password := rand.Text()
	local := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	g, err := gateway.Listen(ctx, gateway.Options{AWS: d.AWS, Address: local, Password: password, Log: tell})
	if errors.Is(err, syscall.EADDRINUSE) {
		return taken(local)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if o.Tunnelled() {
		tell("opening a session to the bastion %s", o.BastionInstanceID)
	}
	send, shut, err := d.way(ctx, guide.URL, tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	g.Route("", gateway.Route{URL: guide.URL, Transport: send})
	guide.Local = g.Addr()
	file, forget, err := writeLogin(g.Addr().IP.String(), password)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	if guide.LoginFile = file; show {
		guide.Login = &status.Login{User: gateway.User, Password: password}
	}
	if err := status.NewCollections(d.AWS, status.Way{Name: guide.Name, URL: guide.URL, Send: send}, status.Way{}).
		History.Do(ctx, http.MethodGet, "/_cat/indices?format=json", nil, nil); err != nil && ctx.Err() == nil {
		tell("%v", err) // report the problem now, though the user's own request may still work
	}
	text, err := e.explain(guide)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), text+"\nThe gateway is open. Ctrl-C ends it.\n"); err != nil {
		return fmt.Errorf("printing what to do: %w", err)
	}
	<-ctx.Done()
	tell("the gateway is closed")
	return nil // the user ended it, so this is no error
}

// writeLogin writes a password to a file in the form of .netrc. curl can read it, and no other user can. forget deletes
// the file.
func writeLogin(host, password string) (file string, forget func() error, err error) {
	dir, err := os.MkdirTemp("", "cdc-gateway-*") // only its owner can read it
	if err != nil {
		return "", nil, fmt.Errorf("saving the gateway's password: %w", err)
	}
	file = filepath.Join(dir, "login")
	if err := os.WriteFile(file, []byte("machine "+host+" login "+gateway.User+" password "+password+"\n"), 0o600); err != nil {
		return "", nil, errors.Join(fmt.Errorf("saving the gateway's password: %w", err), os.RemoveAll(dir))
	}
	return file, func() error { return os.RemoveAll(dir) }, nil //nolint:wrapcheck // the error names the directory
}
