package glue

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Service runs jobs.
type Service struct {
	account account.Account
	site    *stores.Site
	log     *slog.Logger
	glue    *glue.Client
	s3      *s3.Client
	ctx     context.Context //nolint:containedctx // for work that outlives the calls
	stop    context.CancelFunc
	work    sync.WaitGroup

	mu    sync.Mutex
	runs  map[string][]*run // of each job, the latest first
	spark map[string]*stores.Spark
	kill  chan struct{}
}

// run is a job's run, with the members in https://docs.aws.amazon.com/glue/latest/webapi/API_JobRun.html.
type run struct {
	ID           string            `json:"Id"`
	Attempt      int               `json:"Attempt"`
	JobName      string            `json:"JobName"`
	StartedOn    float64           `json:"StartedOn"`
	CompletedOn  float64           `json:"CompletedOn,omitempty"`
	JobRunState  types.JobRunState `json:"JobRunState"`
	ErrorMessage string            `json:"ErrorMessage,omitempty"`
	Arguments    map[string]string `json:"Arguments,omitempty"`
	// ExecutionTime is in seconds.
	ExecutionTime int    `json:"ExecutionTime"`
	GlueVersion   string `json:"GlueVersion"`

	lines   []string
	program *stores.Program
}

// New returns a service for an account's jobs. The first run installs Spark into the site's cache.
func New(acc account.Account, site *stores.Site, log *slog.Logger) *Service {
	s := &Service{
		account: acc, site: site, log: log.With("service", "glue"), glue: glue.NewFromConfig(acc.Config()),
		s3: s3.NewFromConfig(acc.Config(), func(o *s3.Options) { o.UsePathStyle = true }), runs: map[string][]*run{}, spark: map[string]*stores.Spark{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Attach makes the endpoint start and describe runs.
func (s *Service) Attach(p *controlplane.Proxy) {
	on := func(name string) controlplane.Action { return controlplane.Action{Service: "glue", Name: name} }
	p.Before(on("StartJobRun"), s.startJobRun)
	p.Before(on("GetJobRun"), s.getJobRun)
	p.Before(on("GetJobRuns"), s.getJobRuns)
	p.Before(on("BatchStopJobRun"), s.batchStopJobRun)
}

// Close stops all runs.
func (s *Service) Close() {
	s.stop()
	s.work.Wait()
}

// Lines are a run's output and errors.
func (s *Service) Lines(job, id string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs[job] {
		if r.ID == id {
			return slices.Clone(r.lines)
		}
	}
	return nil
}

func (s *Service) startJobRun(ctx context.Context, c *controlplane.Call) (bool, error) {
	var in struct {
		JobName   string
		JobRunID  string `json:"JobRunId"`
		Arguments map[string]string
	}
	if err := c.Decode(&in); err != nil {
		return false, err
	}
	out, err := s.glue.GetJob(ctx, &glue.GetJobInput{JobName: &in.JobName})
	if missing := (*types.EntityNotFoundException)(nil); errors.As(err, &missing) {
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "EntityNotFoundException", Message: "Job " + in.JobName + " not found"}
	} else if err != nil {
		return false, fmt.Errorf("reading the job %s: %w", in.JobName, err)
	}
	arguments := maps.Clone(out.Job.DefaultArguments)
	maps.Copy(arguments, in.Arguments)
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	r := &run{ID: "jr_" + hex.EncodeToString(id), JobName: in.JobName, StartedOn: seconds(time.Now()), JobRunState: types.JobRunStateRunning, Arguments: in.Arguments, GlueVersion: *out.Job.GlueVersion}
	if err := s.admit(r, out.Job); err != nil {
		return false, err
	}
	s.work.Go(func() { s.run(r, out.Job, arguments) })
	return true, c.Answer(http.StatusOK, map[string]string{"JobRunId": r.ID})
}

func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

// admit refuses more concurrent runs than the job allows, as in
// https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html.
func (s *Service) admit(r *run, job *types.Job) error {
	most := 1
	if job.ExecutionProperty != nil && job.ExecutionProperty.MaxConcurrentRuns > 0 {
		most = int(job.ExecutionProperty.MaxConcurrentRuns)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.runs[r.JobName] {
		if other.JobRunState == types.JobRunStateRunning {
			most--
		}
	}
	if most <= 0 {
		return &controlplane.Error{Status: http.StatusBadRequest, Code: "ConcurrentRunsExceededException", Message: "Concurrent runs exceeded for " + r.JobName}
	}
	s.runs[r.JobName] = append([]*run{r}, s.runs[r.JobName]...)
	return nil
}

// run tries as often as the job allows.
func (s *Service) run(r *run, job *types.Job, arguments map[string]string) {
	var err error
	for attempt := range int(job.MaxRetries) + 1 {
		s.mu.Lock()
		r.Attempt = attempt
		s.mu.Unlock()
		if err = s.try(r, job, arguments); err == nil || s.ctx.Err() != nil || s.stopped(r) {
			break
		}
		s.log.Warn("a job has failed", "job", r.JobName, "run", r.ID, "attempt", attempt, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := seconds(time.Now())
	r.CompletedOn, r.ExecutionTime = now, int(now-r.StartedOn)
	switch {
	case r.JobRunState == types.JobRunStateStopping:
		r.JobRunState = types.JobRunStateStopped
	case err != nil:
		r.JobRunState, r.ErrorMessage = types.JobRunStateFailed, err.Error()
	default:
		r.JobRunState = types.JobRunStateSucceeded
	}
}

func (s *Service) stopped(r *run) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.JobRunState == types.JobRunStateStopping
}

// try runs the job's script with its arguments, as Glue does: --name value, and modules from the archives in
// --extra-py-files.
func (s *Service) try(r *run, job *types.Job, arguments map[string]string) error {
	if version := *job.GlueVersion; version != "5.1" {
		return fmt.Errorf("the rehearsal has the Spark of Glue 5.1, not of %s", version)
	}
	spark, err := s.sparkFor(arguments["--datalake-formats"])
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.site.Dir, "glue-")
	if err != nil {
		return fmt.Errorf("making the folder of a run: %w", err)
	}
	script, err := s.fetch(*job.Command.ScriptLocation, dir)
	if err != nil {
		return err
	}
	var imports []string
	for _, at := range strings.Split(arguments["--extra-py-files"], ",") {
		if at == "" {
			continue
		}
		file, err := s.fetch(at, dir)
		if err != nil {
			return err
		}
		imports = append(imports, file)
	}
	var given []string
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		given = append(given, name, arguments[name])
	}
	program, err := spark.Start(s.ctx, script, imports, given)
	if err != nil {
		return fmt.Errorf("starting the script: %w", err)
	}
	s.mu.Lock()
	r.program = program
	s.mu.Unlock()
	watching, ended := context.WithCancel(s.ctx)
	s.work.Go(func() { s.mayKill(watching, program) })
	lines, err := program.Wait()
	ended()
	s.mu.Lock()
	r.lines = append(r.lines, lines...)
	s.mu.Unlock()
	return err //nolint:wrapcheck // the error says what has ended
}

func (s *Service) sparkFor(format string) (*stores.Spark, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spark[format] == nil {
		spark, err := s.site.Spark(s.ctx, stores.SparkOptions{Format: format, Endpoint: s.account.Endpoint(), Region: s.account.Config().Region, Key: "glue"})
		if err != nil {
			return nil, fmt.Errorf("preparing Spark: %w", err)
		}
		s.spark[format] = spark
	}
	return s.spark[format], nil
}

// fetch copies an object into a folder.
func (s *Service) fetch(location, dir string) (string, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	out, err := s.s3.GetObject(s.ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", fmt.Errorf("getting %s: %w", location, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return "", fmt.Errorf("getting %s: %w", location, err)
	}
	file := filepath.Join(dir, path.Base(key))
	if err := os.WriteFile(file, body, 0o600); err != nil {
		return "", fmt.Errorf("keeping %s: %w", location, err)
	}
	return file, nil
}

func (s *Service) getJobRun(_ context.Context, c *controlplane.Call) (bool, error) {
	var in struct {
		JobName string
		RunID   string `json:"RunId"`
	}
	if err := c.Decode(&in); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs[in.JobName] {
		if r.ID == in.RunID {
			return true, c.Answer(http.StatusOK, map[string]any{"JobRun": r})
		}
	}
	return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "EntityNotFoundException", Message: "Entity not found"}
}

func (s *Service) getJobRuns(_ context.Context, c *controlplane.Call) (bool, error) {
	var in struct {
		JobName    string
		MaxResults int
	}
	if err := c.Decode(&in); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	runs := append([]*run{}, s.runs[in.JobName]...)
	if in.MaxResults > 0 {
		runs = runs[:min(in.MaxResults, len(runs))]
	}
	return true, c.Answer(http.StatusOK, map[string]any{"JobRuns": runs})
}

func (s *Service) batchStopJobRun(_ context.Context, c *controlplane.Call) (bool, error) {
	var in struct {
		JobName   string
		JobRunIDs []string `json:"JobRunIds"`
	}
	if err := c.Decode(&in); err != nil {
		return false, err
	}
	type one struct {
		JobName  string
		JobRunID string `json:"JobRunId"`
	}
	done := []one{}
	s.mu.Lock()
	for _, r := range s.runs[in.JobName] {
		if slices.Contains(in.JobRunIDs, r.ID) && r.JobRunState == types.JobRunStateRunning {
			r.JobRunState = types.JobRunStateStopping
			if r.program != nil {
				go r.program.Kill()
			}
			done = append(done, one{in.JobName, r.ID})
		}
	}
	s.mu.Unlock()
	return true, c.Answer(http.StatusOK, map[string]any{"SuccessfulSubmissions": done, "Errors": []any{}})
}
