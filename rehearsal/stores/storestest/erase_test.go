package storestest_test

import (
	"bytes"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/erase"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// asMaster signs in as the master user instead of signing.
type asMaster struct{ client *stores.Client }

func (a asMaster) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", a.client.Authorization)
	return a.client.HTTP.Transport.RoundTrip(r)
}

// TestARowIsInNoStoreAfterItsErasure uses a real database, a versioned bucket and a node; the row's key has several
// spellings.
func TestARowIsInNoStoreAfterItsErasure(t *testing.T) {
	const database, marker = "cdc_erase", "somebody@example.com"
	server := storestest.MariaDB(t)
	db := opened(t, server, server.User, server.Password)
	exec := func(statement string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	exec("CREATE OR REPLACE DATABASE " + database)
	exec("CREATE TABLE cdc_erase.people (id BIGINT UNSIGNED, tag BINARY(2), mail VARCHAR(100), PRIMARY KEY (id, tag))")
	exec("INSERT INTO cdc_erase.people VALUES (7, 0xCA00, '" + marker + "'), (7, 0xCAFE, 'other')")
	current := newCurrentIndices(t, database, currentstate.Table{Table: "people", Key: []string{"id", "tag"}, Columns: map[string]string{"id": "bigint(20) unsigned", "tag": "binary(2)"}})
	day := time.Now().UTC().Format(time.DateOnly)
	node := historyDay(t, "retail-trans-erase-"+day)

	client := s3.NewFromConfig(account.New(storestest.Moto(t)).Config(), func(o *s3.Options) { o.UsePathStyle = true })
	bucket := fmt.Sprintf("erase-%d", time.Now().UnixNano())
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
	require.NoError(t, err)
	_, err = client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	put := func(key string, body []byte) {
		t.Helper()
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
		require.NoError(t, err)
	}
	objects := 0
	deliver := func(records ...string) { // to the three sinks
		t.Helper()
		require.Equal(t, -1, current.handle(time.Minute, records...))
		for i, r := range records {
			path := fmt.Sprintf("/retail-trans-erase-%s/_doc/%d-%d?refresh=true", day, objects, i)
			require.NoError(t, node.Do(t.Context(), http.MethodPut, path, json.RawMessage(r), nil))
		}
		var body bytes.Buffer
		w := gzip.NewWriter(&body)
		_, err := w.Write([]byte(strings.Join(records, "\n\n") + "\n"))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		put(fmt.Sprintf("raw/schema=%s/table=people/dt=%s/hour=00/%d.gz", database, day, objects), body.Bytes())
		objects++
	}
	deliver(
		current.insert("people", 1, `"id":7,"tag":"0xCA","mail":"`+marker+`"`), // as in the binlog, without trailing zeros
		current.insert("people", 2, `"id":7,"tag":"0xCAFE","mail":"other"`),
	)
	deliver(current.change("update", "people", 3, `"id":"7","tag":"0xca00","mail":"`+marker+` again"`))
	deliver(current.insert("people", 4, `"id":70,"tag":"0xCA00","mail":"not his"`))
	put("errors/search/failed", fmt.Appendf(nil, `{"rawData":%s}`+"\n", encodedBytes(t, current.change("update", "people", 3, `"id":7,"tag":"0xCA00","mail":"`+marker+`"`))))
	put("athena-results/x.csv", []byte(marker))
	require.Equal(t, 3, current.finds("people", everything))

	e := erase.Erasure{
		Source: erase.Database{DB: db}, Table: table.Name{Database: database, Table: "people"}, Row: map[string]string{"id": "07", "tag": "0xca"},
		Lake: erase.Lake{Client: client, Name: bucket, Prefix: "raw", Parked: []string{"errors/"}, Results: "athena-results/"},
		Search: &erase.Search{
			History: opensearch.Client{URL: node.URL, Transport: asMaster{node}}, Current: opensearch.Client{URL: node.URL, Transport: asMaster{node}},
			Index: "retail-trans-erase-" + day, Pause: 50 * time.Millisecond,
			Epochs: currentstate.NewEpochs(currentstate.EpochsOptions{Domain: opensearch.Client{URL: node.URL, Transport: asMaster{node}}, Bucket: lake.Bucket("lake")}),
		},
		Options: erase.Options{Yes: true},
	}
	_, err = e.Run(t.Context())
	require.ErrorContains(t, err, "cdc_erase.people still has the row with id=7 tag=0xCA00")
	exec("DELETE FROM cdc_erase.people WHERE tag = 0xCA00")
	_, err = e.Run(t.Context())
	require.ErrorContains(t, err, "is not a deletion")
	require.ErrorContains(t, err, currentstate.Source("").Index(e.Table, 1)+" still shows the row")
	deliver(current.change("delete", "people", 5, `"id":7,"tag":"0xCA00","mail":"`+marker+`"`))

	texts := func(index string) int {
		t.Helper()
		return found(t, node, index, `{"query_string":{"query":"*example.com*","lenient":true}}`)
	}
	require.Equal(t, 3, texts("retail-trans-erase-"+day))
	e.Yes = false
	report, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{3, 1, 3, 1, 1}, []int{report.Raw.Records, report.Parked.Records, report.History.Documents, report.Current.Documents, report.QueryResults})
	// OpenSearch remembers a deletion for a minute, and the erasure may have to wait as long for whatever holds its
	// segments.
	current.do(http.MethodPut, "/"+currentstate.Source("").Index(e.Table, 1)+"/_settings", `{"index.gc_deletes":"1h"}`)
	e.Yes = true
	report, err = e.Run(t.Context())
	require.NoError(t, err)
	require.True(t, report.Erased)

	site, options := storestest.Site(t), stores.SparkOptions{Endpoint: storestest.Moto(t), Region: account.Region, Key: account.Key}
	marked, seen, err := site.FindText(t.Context(), options, bucket, marker)
	require.NoError(t, err)
	require.Empty(t, marked)
	require.Equal(t, 2, seen, "of five objects of records two have other rows")
	other, _, err := site.FindText(t.Context(), options, bucket, "not his")
	require.NoError(t, err)
	require.Len(t, other, 1)
	require.Equal(t, 2, current.finds("people", everything))
	for index, want := range map[string]int{"retail-trans-erase-" + day: 2, currentstate.Source("").Index(e.Table, 1): 2} {
		require.Equal(t, want, found(t, node, index, everything), index)
		require.Zero(t, texts(index), index)
		var out []struct {
			Deleted string `json:"docs.deleted"`
		}
		require.NoError(t, node.Do(t.Context(), http.MethodGet, "/_cat/segments/"+index+"?format=json&h=docs.deleted", nil, &out))
		for _, segment := range out {
			require.Equal(t, "0", segment.Deleted, "%s: a segment has the bytes of deleted documents", index)
		}
	}

	// A late record finds the remembered deletion.
	require.Equal(t, -1, current.handle(time.Minute, current.change("update", "people", 3, `"id":7,"tag":"0xCA00","mail":"`+marker+`"`)))
	require.Equal(t, 2, current.finds("people", everything))
}

func encodedBytes(t *testing.T, text string) []byte {
	t.Helper()
	encoded, err := json.Marshal([]byte(text))
	require.NoError(t, err)
	return encoded
}
