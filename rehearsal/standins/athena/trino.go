package athena

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// trino is a server of the engine on which Athena engine version 3 is based
// (https://docs.aws.amazon.com/athena/latest/ug/engine-versions-reference-0003.html), over the same catalog and
// bucket.
type trino struct {
	client            *http.Client
	url, name, schema string
}

// statementTime limits one statement.
const statementTime = 5 * time.Minute

// Trino returns an engine over a database of the catalog: url of a server, version for its name.
func Trino(url, version, database string) Engine {
	return &trino{client: &http.Client{Timeout: statementTime}, url: url, name: "trino " + version, schema: database}
}

// Name returns the name of the engine.
func (t *trino) Name() string { return t.name }

// Close does not stop the server.
func (t *trino) Close() {}

// Query runs a statement through https://trino.io/docs/476/develop/client-protocol.html.
func (t *trino) Query(ctx context.Context, sql string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, statementTime)
	defer cancel()
	// Statements must not end with a semicolon there, and Athena's saved queries do not.
	page, err := t.call(ctx, http.MethodPost, t.url+"/v1/statement", sql)
	var answer Answer
	for {
		if err != nil {
			return Answer{}, err
		}
		if page.Error != nil {
			return Answer{}, fmt.Errorf("%s: %s", page.Error.Name, page.Error.Message)
		}
		if len(page.Columns) > 0 {
			answer.Columns = page.Columns
		}
		answer.Rows = append(answer.Rows, page.Data...)
		if page.Next == "" {
			return answer, nil
		}
		page, err = t.call(ctx, http.MethodGet, page.Next, "")
	}
}

// page is a page of a result.
type page struct {
	Next    string `json:"nextUri"`
	Columns []Column
	Data    [][]any
	Error   *struct {
		Name    string `json:"errorName"`
		Message string
	}
}

func (t *trino) call(ctx context.Context, method, url, body string) (page, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return page{}, fmt.Errorf("asking Trino: %w", err)
	}
	for key, value := range map[string]string{
		"X-Trino-User": "rehearsal", "X-Trino-Catalog": "awsdatacatalog", "X-Trino-Schema": t.schema, "X-Trino-Time-Zone": "UTC",
		"X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME", // otherwise timestamps are rounded to milliseconds
	} {
		request.Header.Set(key, value)
	}
	response, err := t.client.Do(request)
	if err != nil {
		return page{}, fmt.Errorf("asking Trino: %w", err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		return page{}, fmt.Errorf("hearing Trino: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return page{}, errors.New("Trino answers " + response.Status + ": " + text.String())
	}
	var p page
	decoder := json.NewDecoder(&text)
	decoder.UseNumber()
	if err := decoder.Decode(&p); err != nil {
		return page{}, fmt.Errorf("reading Trino's answer: %w", err)
	}
	return p, nil
}
