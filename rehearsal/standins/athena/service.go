package athena

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Service runs statements sent to Athena while it has an engine. Otherwise the endpoint behind it answers.
type Service struct {
	account account.Account
	work    sync.WaitGroup
	ctx     context.Context //nolint:containedctx // for the statements, which outlive the calls that start them
	stop    context.CancelFunc

	mu         sync.Mutex
	engine     func(database string) Engine
	executions map[string]*execution
}

// execution is a running statement, in the terms of
// https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatus.html.
type execution struct {
	state, reason string
	answer        Answer
	stop          context.CancelFunc
}

// NewService returns a service without an engine.
func NewService(acc account.Account) *Service {
	s := &Service{account: acc, executions: map[string]*execution{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Use sets the engine for statements; nil removes it.
func (s *Service) Use(engine func(database string) Engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine = engine
}

// Attach makes the endpoint accept statements.
func (s *Service) Attach(p *controlplane.Proxy) {
	on := func(name string) controlplane.Action { return controlplane.Action{Service: "athena", Name: name} }
	p.Before(on("StartQueryExecution"), s.start)
	p.Before(on("GetQueryExecution"), s.get)
	p.Before(on("GetQueryResults"), s.results)
	p.Before(on("StopQueryExecution"), s.end)
}

// Close stops running statements.
func (s *Service) Close() {
	s.stop()
	s.work.Wait()
}

func (s *Service) start(ctx context.Context, c *controlplane.Call) (bool, error) {
	var in struct {
		QueryString, WorkGroup string
		QueryExecutionContext  struct{ Database string }
		ExecutionParameters    []string
	}
	if err := c.Decode(&in); err != nil {
		return false, err
	}
	s.mu.Lock()
	engine := s.engine
	s.mu.Unlock()
	if engine == nil {
		return false, nil
	}
	group, err := athena.NewFromConfig(s.account.Config()).GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &in.WorkGroup})
	if err != nil {
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "InvalidRequestException", Message: "WorkGroup " + in.WorkGroup + " is not found."}
	}
	// A mark outside quotes is a parameter.
	var statement strings.Builder
	for i, part := range split(in.QueryString) {
		if i > 0 {
			if i > len(in.ExecutionParameters) {
				return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "InvalidRequestException", Message: "Incorrect number of parameters"}
			}
			statement.WriteString(in.ExecutionParameters[i-1])
		}
		statement.WriteString(part)
	}
	random := make([]byte, 16)
	_, _ = rand.Read(random)
	id := hex.EncodeToString(random)
	running, stop := context.WithCancel(s.ctx)
	e := &execution{state: "RUNNING", stop: stop}
	s.mu.Lock()
	s.executions[id] = e
	s.mu.Unlock()
	s.work.Go(func() {
		answer, err := engine(in.QueryExecutionContext.Database).Query(running, statement.String())
		if err == nil {
			err = s.write(running, *group.WorkGroup.Configuration.ResultConfiguration.OutputLocation+id+".csv", answer)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case e.state == "CANCELLED":
		case err != nil:
			e.state, e.reason = "FAILED", err.Error()
		default:
			e.state, e.answer = "SUCCEEDED", answer
		}
	})
	return true, c.Answer(http.StatusOK, map[string]string{"QueryExecutionId": id})
}

// write stores a result in the workgroup's location, as CSV with every value in quotes.
func (s *Service) write(ctx context.Context, location string, a Answer) error {
	var b bytes.Buffer
	line := func(n int, value func(int) *string) {
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			if v := value(i); v != nil {
				b.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
			}
		}
		b.WriteByte('\n')
	}
	line(len(a.Columns), func(i int) *string { return &a.Columns[i].Name })
	for _, row := range a.Rows {
		line(len(row), func(i int) *string { return datumOf(row[i]) })
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	client := s3.NewFromConfig(s.account.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(b.Bytes())}); err != nil {
		return fmt.Errorf("keeping the answer: %w", err)
	}
	return nil
}

// datumOf is a value in the form of Athena's results; nil is NULL.
func datumOf(value any) *string {
	if value == nil {
		return nil
	}
	text := fmt.Sprint(value)
	return &text
}

// found returns the execution that a call names; nil for one of the endpoint behind.
func (s *Service) found(c *controlplane.Call) (*execution, error) {
	var in struct {
		ID string `json:"QueryExecutionId"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return s.executions[in.ID], nil
}

func (s *Service) get(_ context.Context, c *controlplane.Call) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.found(c)
	if e == nil {
		return false, err
	}
	return true, c.Answer(http.StatusOK, map[string]any{"QueryExecution": map[string]any{"Status": map[string]string{"State": e.state, "StateChangeReason": e.reason}}})
}

func (s *Service) end(_ context.Context, c *controlplane.Call) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.found(c)
	if e == nil {
		return false, err
	}
	if e.state == "RUNNING" {
		e.state = "CANCELLED"
		e.stop()
	}
	return true, c.Answer(http.StatusOK, map[string]any{})
}

// results returns pages. The first row of the first page holds the columns' names,
// https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html.
func (s *Service) results(_ context.Context, c *controlplane.Call) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.found(c)
	if e == nil {
		return false, err
	}
	if e.state != "SUCCEEDED" {
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "InvalidRequestException", Message: "Query has not yet finished. Current state: " + e.state}
	}
	var in struct {
		NextToken  string
		MaxResults int
	}
	if err := c.Decode(&in); err != nil {
		return false, err
	}
	from, _ := strconv.Atoi(in.NextToken)
	if in.MaxResults == 0 {
		in.MaxResults = 1000
	}
	type datum struct {
		VarCharValue *string `json:",omitempty"`
	}
	type row struct{ Data []datum }
	rows := make([]row, 0, in.MaxResults)
	columns := make([]map[string]string, len(e.answer.Columns))
	var names row
	for i, column := range e.answer.Columns {
		columns[i] = map[string]string{"Name": column.Name, "Type": column.Type}
		names.Data = append(names.Data, datum{&e.answer.Columns[i].Name})
	}
	for i := from; i < min(from+in.MaxResults, len(e.answer.Rows)+1); i++ {
		if i == 0 {
			rows = append(rows, names)
			continue
		}
		var r row
		for _, value := range e.answer.Rows[i-1] {
			r.Data = append(r.Data, datum{datumOf(value)})
		}
		rows = append(rows, r)
	}
	out := map[string]any{"ResultSet": map[string]any{"Rows": rows, "ResultSetMetadata": map[string]any{"ColumnInfo": columns}}}
	if next := from + len(rows); next <= len(e.answer.Rows) {
		out["NextToken"] = strconv.Itoa(next)
	}
	return true, c.Answer(http.StatusOK, out)
}
