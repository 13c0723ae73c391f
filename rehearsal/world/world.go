// Package world runs everything that the rehearsal needs beside the engine: the real stores, and stand-ins for
// AWS-only services, behind one AWS endpoint.
package world

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/athena"
	"cdcpipeline/rehearsal/standins/cloudwatch"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/dms"
	"cdcpipeline/rehearsal/standins/firehose"
	"cdcpipeline/rehearsal/standins/glue"
	"cdcpipeline/rehearsal/standins/iam"
	"cdcpipeline/rehearsal/standins/lambda"
	"cdcpipeline/rehearsal/standins/offers"
	"cdcpipeline/rehearsal/standins/opensearch"
	"cdcpipeline/rehearsal/standins/opensearchserverless"
	"cdcpipeline/rehearsal/standins/propagation"
	"cdcpipeline/rehearsal/standins/schedules"
	"cdcpipeline/rehearsal/standins/secretsmanager"
	"cdcpipeline/rehearsal/standins/ssm"
	"cdcpipeline/rehearsal/stores"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// World is a running set of servers and stand-ins.
type World struct {
	Site    *stores.Site
	Account account.Account
	Proxy   *controlplane.Proxy
	// Database is the unnamed source's; [World.StartDatabase] starts those of others.
	Database *Database
	Domains  *opensearch.Domains
	// Collections are those of OpenSearch Serverless.
	Collections *opensearchserverless.Collections
	Runner      *lambda.Runner
	// Mappings pass the stream's records to functions.
	Mappings *lambda.Mappings
	DMS      *dms.Service
	Firehose *firehose.Service
	// Jobs are Glue's jobs.
	Jobs *glue.Service
	// Queries are Athena's queries.
	Queries *athena.Service
	// Sessions are Systems Manager's sessions, through which the domain is reached.
	Sessions *ssm.Service
	// Rotations are Secrets Manager's rotations.
	Rotations *secretsmanager.Rotations
	// Delay makes services see each other's changes late.
	Delay *propagation.Delay
	// Guard checks the deployer's calls against the documented policies.
	Guard *iam.Guard
	// Alarms are the declared alarms, evaluated on the stand-ins' metrics.
	Alarms *cloudwatch.Alarms
	// Schedules call functions when EventBridge would, once a stage enables them.
	Schedules *schedules.Schedules
	// Offers are the region's services, and the quotas and permissions of the account and its deployer.
	Offers *offers.Service
	moto   *stores.Moto
	// databases are all databases; known guards them and their clusters.
	databases []*Database
	known     sync.Mutex
	// unpublish stops publishing metrics, unwatch stops evaluating alarms.
	unpublish, unwatch func()
	log                *slog.Logger
	bundle             string
	closed             bool
}

// Options of a world.
type Options struct {
	// Project is the project's root folder, Cache the folder for downloads.
	Project, Cache string
	// RefuseNothing allows the deployer everything, even without the documented policies.
	RefuseNothing bool
	// OnPassed is called with records that have passed a hop, and the time; it must not block.
	OnPassed func(hop Hop, records [][]byte, at time.Time)
	// OnFunction is called after a function has succeeded, before its caller gets the result.
	OnFunction func(name string)
	// Progress receives messages about what is being started.
	Progress func(format string, args ...any)
}

// Start starts everything. After an error nothing keeps running.
func Start(ctx context.Context, o Options) (w *World, err error) {
	w = &World{}
	if o.OnPassed == nil {
		o.OnPassed = func(Hop, [][]byte, time.Time) {}
	}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	o.Progress("a run directory with a certificate authority of its own")
	if w.Site, err = stores.NewSite(o.Cache); err != nil {
		return nil, fmt.Errorf("making the run directory: %w", err)
	}
	if err := w.openLog(); err != nil {
		return nil, err
	}
	if w.bundle, err = w.Site.Authority.Bundle(); err != nil {
		return nil, fmt.Errorf("writing the certificate bundle: %w", err)
	}
	o.Progress("MariaDB %s", stores.MariaDBVersion)
	if w.Database, err = w.StartDatabase(ctx, ""); err != nil {
		return nil, err
	}
	o.Progress("moto %s", stores.MotoVersion)
	w.moto, err = w.Site.StartMoto(ctx, stores.MotoOptions{Program: filepath.Join(o.Project, "rehearsal", "standins", "controlplane", "moto")})
	if err != nil {
		return nil, fmt.Errorf("starting the control plane: %w", err)
	}
	o.Progress("the AWS endpoint and its data planes")
	return w, w.attach(ctx, o)
}

// registrationDelay is how long a new instance is unknown to Systems Manager: long enough to have an effect, shorter
// than in AWS.
const registrationDelay = 3 * time.Second

// leastBetween is the minimum interval of a function's scheduled calls, because a machine with two cores has other
// work.
const leastBetween = 3 * time.Second

// attach puts the stand-ins behind the common endpoint.
func (w *World) attach(ctx context.Context, o Options) error {
	target, err := url.Parse(w.moto.URL)
	if err != nil {
		return fmt.Errorf("reading the address of moto: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening the AWS endpoint: %w", err)
	}
	w.Proxy = controlplane.New(target, w.log)
	w.Account = account.New("http://" + listener.Addr().String())
	if w.Guard, err = iam.Load(o.Project); err != nil {
		return fmt.Errorf("preparing to judge the deployer: %w", err)
	}
	w.Guard.Lenient = o.RefuseNothing
	w.Proxy.Admit(controlplane.Deployer, w.Guard.Judge)
	w.Proxy.After(controlplane.Action{Service: "sts", Name: "GetCallerIdentity"}, iam.Named)

	w.Delay = propagation.New()
	w.Delay.Attach(w.Proxy)
	w.Offers = offers.New(w.Account)
	w.Offers.Attach(w.Proxy)
	w.Domains = opensearch.New(ctx, w.Site, w.log)
	w.Domains.Attach(w.Proxy)
	w.Collections = opensearchserverless.New(ctx, w.Site, w.Account, w.log, opensearchserverless.Options{
		Delay: w.Delay, Probe: true, User: opensearchserverless.User{Key: account.Key, Arn: iam.Deployer, Allow: w.Guard.Allow},
	})
	w.Collections.Attach(w.Proxy)
	w.DMS = dms.New(w.Account, w.log)
	w.DMS.Attach(w.Proxy)
	w.Firehose = firehose.New(w.Account, w.log, firehose.Options{
		Roots: w.Site.Authority.Pool(), OnRead: batches(o.OnPassed, ReadForLake, ReadForSearch), OnDelivered: batches(o.OnPassed, InLake, InSearch),
	})
	w.Firehose.Attach(w.Proxy)
	w.Runner, err = lambda.New(w.Account, w.Proxy, lambda.Options{Env: []string{"SSL_CERT_FILE=" + w.bundle}, LogDir: w.Site.Dir, Log: w.log})
	if err != nil {
		return fmt.Errorf("preparing to run functions: %w", err)
	}
	w.Mappings = lambda.NewMappings(w.Account, w.Runner, w.log)
	w.passing(o.OnPassed)
	w.Mappings.Attach(w.Proxy)
	w.Runner.OnResult(func(name string, _ []byte) {
		if o.OnFunction != nil {
			o.OnFunction(name)
		}
	})
	w.unpublish = cloudwatch.Start(ctx, w.Account, w.DMS, w.Firehose, w, 10*time.Second, w.log)
	w.Alarms = w.alarms()
	w.Alarms.Attach(w.Proxy)
	w.Rotations = secretsmanager.New(w.Account, w.Runner, w.log)
	w.Rotations.Attach(w.Proxy)
	w.Jobs = glue.New(w.Account, w.Site, w.log)
	w.Jobs.Attach(w.Proxy)
	w.Queries = athena.NewService(w.Account)
	w.Queries.Attach(w.Proxy)
	w.Sessions = ssm.New(w.Account, w.log, ssm.Options{RegistrationDelay: registrationDelay})
	w.Sessions.Attach(w.Proxy)
	for _, action := range []string{"CreateDBCluster", "ModifyDBCluster"} {
		w.Proxy.After(controlplane.Action{Service: "rds", Name: action}, w.applyMaster)
	}
	w.Schedules = schedules.New(w.Runner, w.log, w.Alarms.Scale(), leastBetween)
	w.Schedules.Attach(w.Proxy)
	w.unwatch = w.Alarms.Start(ctx)
	go func() {
		if err := w.Proxy.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			w.log.Error("the AWS endpoint has stopped", "error", err)
		}
	}()
	return nil
}

// Logged reports whether the control plane stand-in's log has a matching line. The log has each request with its
// status.
func (w *World) Logged(line *regexp.Regexp) (bool, error) {
	text, err := os.ReadFile(w.moto.Log)
	if err != nil {
		return false, fmt.Errorf("reading the log of the control plane: %w", err)
	}
	return line.Match(text), nil
}

func (w *World) openLog() error {
	file, err := os.Create(filepath.Join(w.Site.Dir, "rehearsal.log"))
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	w.log = slog.New(slog.NewTextHandler(file, nil))
	return nil
}

// Env is the environment with which a program calls the stand-ins instead of AWS and trusts the rehearsal's
// certificates.
func (w *World) Env() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL": w.Account.Endpoint(), "AWS_REGION": account.Region,
		"AWS_ACCESS_KEY_ID": account.Key, "AWS_SECRET_ACCESS_KEY": account.Key,
		"AWS_EC2_METADATA_DISABLED": "true", "SSL_CERT_FILE": w.bundle, controlplane.AppID: controlplane.ProgramApp,
	}
}

// Healthy returns an error when a server has died.
func (w *World) Healthy() error {
	problems := []error{w.moto.Err(), w.Domains.Err(), w.Collections.Err(), w.Rotations.Err()}
	for _, d := range w.all() {
		problems = append(problems, d.Err())
	}
	return errors.Join(problems...)
}

// Close stops everything and removes the run folder. It may be called twice.
func (w *World) Close() {
	if w == nil || w.closed {
		return
	}
	w.closed = true
	if w.unpublish != nil {
		w.unpublish()
	}
	if w.unwatch != nil {
		w.unwatch()
	}
	if w.Schedules != nil {
		w.Schedules.Close()
	}
	if w.Jobs != nil {
		w.Jobs.Close()
	}
	if w.Queries != nil {
		w.Queries.Close()
	}
	if w.DMS != nil {
		w.DMS.Close()
	}
	if w.Firehose != nil {
		w.Firehose.Close()
	}
	if w.Sessions != nil {
		w.Sessions.Close()
	}
	if w.Rotations != nil {
		w.Rotations.Close()
	}
	if w.Mappings != nil {
		w.Mappings.Close()
	}
	if w.Runner != nil {
		_ = w.Runner.Close()
	}
	if w.Domains != nil {
		w.Domains.Close()
	}
	if w.Collections != nil {
		w.Collections.Close()
	}
	if w.Proxy != nil {
		_ = w.Proxy.Close()
	}
	if w.moto != nil {
		w.moto.Stop()
	}
	for _, d := range w.all() {
		d.Stop()
	}
	if w.Site != nil {
		_ = w.Site.Remove()
	}
}

// KeepLogs copies the run's logs, for analysis after a failure.
func (w *World) KeepLogs(dir string) error {
	logs, err := filepath.Glob(filepath.Join(w.Site.Dir, "*.log"))
	if err != nil {
		return fmt.Errorf("finding the logs: %w", err)
	}
	more, err := filepath.Glob(filepath.Join(w.Site.Dir, "*", "*.log"))
	if err != nil {
		return fmt.Errorf("finding the logs: %w", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("keeping the logs: %w", err)
	}
	for _, path := range append(logs, more...) {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("keeping the logs: %w", err)
		}
		name := strings.ReplaceAll(strings.TrimPrefix(path, w.Site.Dir+"/"), "/", "-")
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("keeping the logs: %w", err)
		}
	}
	return nil
}
