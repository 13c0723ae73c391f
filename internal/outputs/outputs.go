// Package outputs defines a stack's outputs. The program writes a Set of Pulumi values; the operator's tool reads the
// same Set as plain values. A field's tag is the output's name, spelled only here.
package outputs

import (
	"cdcpipeline/internal/table"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Set holds one value per output, in a type for writing or for reading.
type Set[Text, Number, List, Map any] struct {
	// Environment chooses the defaults: dev or prod.
	Environment Text `json:"environment"`
	Region      Text `json:"region"`
	AccountID   Text `json:"accountId"`
	VpcID       Text `json:"vpcId"`
	KmsKeyArn   Text `json:"kmsKeyArn"`

	// Tables as configured, database.table; % matches any characters.
	Tables List `json:"tables"`
	// TablesNotLoaded were added after the task's first start. Their changes are followed, but their earlier rows are
	// missing.
	TablesNotLoaded List `json:"tablesNotLoaded"`
	// ProbeTables is the pattern of `cdc conformance`'s tables; empty when source.conformance is false.
	ProbeTables Text `json:"probeTables"`
	// RowsSince holds, for a table, the time from which its records are authoritative: config.RowsSince.
	RowsSince Map `json:"rowsSince"`

	// SourceEngine is mysql or postgresql. An older stack has none and means mysql.
	SourceEngine Text `json:"sourceEngine"`
	// SourceDatabase is the followed database of PostgreSQL; empty for MySQL.
	SourceDatabase       Text   `json:"sourceDatabase"`
	SourceHost           Text   `json:"sourceHost"`
	SourcePort           Number `json:"sourcePort"`
	SourceSecretArn      Text   `json:"sourceSecretArn"`
	ReplicationSecretArn Text   `json:"replicationSecretArn"`
	// BootstrapFindings holds the status and value of each check of the database: "ok: ROW".
	BootstrapFindings Map `json:"bootstrapFindings"`

	StreamName Text `json:"streamName"`
	StreamArn  Text `json:"streamArn"`
	// TaskArn of the replication task; for a serverless task, of its configuration.
	TaskArn Text `json:"taskArn"`
	// NextTaskArn of the task of replication.next; empty when there is none.
	NextTaskArn Text `json:"nextTaskArn"`

	// SearchKind is domain or serverless. An older stack has none and means domain.
	SearchKind Text `json:"searchKind"`
	// HistoryEndpoint and CurrentEndpoint are URLs without a trailing slash; in a domain both are SearchURL.
	HistoryEndpoint Text `json:"historyEndpoint"`
	CurrentEndpoint Text `json:"currentEndpoint"`
	// HistoryCollection and CurrentCollection are the collections' names; empty in a domain.
	HistoryCollection Text `json:"historyCollection"`
	CurrentCollection Text `json:"currentCollection"`
	// The outputs of a domain are empty when collections are searched.
	SearchDomainName      Text `json:"searchDomainName"`
	SearchEndpoint        Text `json:"searchEndpoint"`
	SearchURL             Text `json:"searchUrl"`
	DashboardsURL         Text `json:"dashboardsUrl"`
	SearchMasterSecretArn Text `json:"searchMasterSecretArn"`
	SearchDeliveryName    Text `json:"searchDeliveryName"`
	HistoryIndex          Text `json:"historyIndex"`
	// HistoryRetentionDays is how long the history index keeps a document.
	HistoryRetentionDays Number `json:"historyRetentionDays"`

	// The current state's outputs are empty when search.current.enabled is false.
	CurrentIndices      Text `json:"currentIndices"`
	CurrentFunctionName Text `json:"currentFunctionName"`
	CurrentParkedPrefix Text `json:"currentParkedPrefix"`
	CurrentFailedPrefix Text `json:"currentFailedPrefix"`
	// CurrentRegistry is the name of the function's registry of tables. An older stack has none and means current.
	CurrentRegistry Text `json:"currentRegistry"`

	// NextSearch holds the outputs that will change with search.next, by name; empty when there is no next
	// destination.
	NextSearch Map `json:"nextSearch"`

	LakeBucket       Text `json:"lakeBucket"`
	LakePrefix       Text `json:"lakePrefix"`
	LakeErrorPrefix  Text `json:"lakeErrorPrefix"`
	LakeDeliveryName Text `json:"lakeDeliveryName"`
	// CatalogDatabase and AthenaWorkgroup are empty when lake.catalog.enabled is false.
	CatalogDatabase Text `json:"catalogDatabase"`
	AthenaWorkgroup Text `json:"athenaWorkgroup"`
	// TablesJob is the Glue job that maintains the lake's tables; empty without tables.
	TablesJob Text `json:"tablesJob"`

	// Reach of the domain or the collections: tunnel or direct. BastionInstanceID is empty when it is direct.
	Reach             Text `json:"reach"`
	BastionInstanceID Text `json:"bastionInstanceId"`
	// SearchTunnelPort is the port of this machine at which a deployment expects the domain, or listens for the
	// collections.
	SearchTunnelPort Number `json:"searchTunnelPort"`

	// AlarmTopicArn is the alarms' topic; empty when alarms.enabled is false. DashboardURL opens the dashboard in the
	// AWS console; empty when alarms.dashboard is false.
	AlarmTopicArn Text `json:"alarmTopicArn"`
	DashboardURL  Text `json:"dashboardUrl"`

	// ConsoleLinks open the parts in the AWS console.
	ConsoleLinks Map `json:"consoleLinks"`

	// Sources holds each named source's own outputs. The unnamed source's outputs are above; they are empty when
	// source.enabled is false.
	Sources map[string]Set[Text, Number, List, Map] `json:"sources,omitempty"`
	// Source is the name of the chosen source, if one was chosen: [Outputs.ForSource].
	Source string `json:"-"`
}

// Each calls visit with the name and value of every output except those of named sources, in the order of the fields.
func (s Set[Text, Number, List, Map]) Each(visit func(name string, value any)) {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Name != "Sources" && f.Name != "Source" {
			visit(name(f), v.Field(i).Interface())
		}
	}
}

func name(f reflect.StructField) string { return f.Tag.Get("json") }

// Outputs are a stack's outputs as the tool reads them. A missing output is zero.
type Outputs Set[string, int, []string, map[string]string]

// Parse reads the output of `pulumi stack output --json`. It derives outputs that older stacks lack from others.
func Parse(b []byte) (Outputs, error) {
	var o Outputs
	if err := json.Unmarshal(b, &o); err != nil {
		return Outputs{}, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	o.HistoryEndpoint, o.CurrentEndpoint = cmp.Or(o.HistoryEndpoint, o.SearchURL), cmp.Or(o.CurrentEndpoint, o.SearchURL)
	return o, nil
}

// ForSource returns one source's view: its own outputs and the shared ones. An empty name means the unnamed source, or the
// only one if there is no unnamed source. The error lists the sources.
func (o Outputs) ForSource(source string) (Outputs, error) {
	names := slices.Sorted(maps.Keys(o.Sources))
	switch unnamed := o.SourceHost != "" || len(names) == 0; {
	case source == "" && unnamed:
		return o, nil
	case source == "" && len(names) == 1:
		source = names[0]
	case source == "":
		return o, fmt.Errorf("--source: the stack has the sources %s, and none without a name: choose one of them", strings.Join(names, ", "))
	}
	own, ok := o.Sources[source]
	if !ok && len(names) == 0 {
		return o, fmt.Errorf("--source: the stack has no source %q, but only one without a name: leave --source out", source)
	}
	if !ok {
		return o, fmt.Errorf("--source: the stack has no source %q: choose one of %s", source, strings.Join(names, ", "))
	}
	of, has := reflect.ValueOf(&o).Elem(), reflect.ValueOf(own)
	for i := range of.NumField() {
		if slices.Contains(ofSource, name(of.Type().Field(i))) {
			of.Field(i).Set(has.Field(i))
		}
	}
	o.Source = source
	return o, nil
}

// ofSource lists the outputs that belong to one source, whether or not it has them.
var ofSource = []string{
	"tables", "tablesNotLoaded", "probeTables", "rowsSince", "sourceEngine", "sourceDatabase", "sourceHost", "sourcePort", "sourceSecretArn", "replicationSecretArn",
	"bootstrapFindings", "streamName", "streamArn", "taskArn", "nextTaskArn", "historyIndex", "searchDeliveryName", "currentFunctionName",
	"currentParkedPrefix", "currentFailedPrefix", "currentRegistry", "nextSearch", "lakePrefix", "lakeErrorPrefix", "lakeDeliveryName",
	"tablesJob", "consoleLinks",
}

// Own visits the outputs that belong to one source.
func (s Set[Text, Number, List, Map]) Own(visit func(name string, value any)) {
	s.Each(func(name string, value any) {
		if slices.Contains(ofSource, name) {
			visit(name, value)
		}
	})
}

// All returns each source's view: the unnamed one first, if any, then the others by name.
func (o Outputs) All() []Outputs {
	var all []Outputs
	if o.SourceHost != "" || len(o.Sources) == 0 {
		all = append(all, o)
	}
	for _, source := range slices.Sorted(maps.Keys(o.Sources)) {
		if of, err := o.ForSource(source); err == nil {
			all = append(all, of)
		}
	}
	return all
}

// Fields selects the outputs that a caller needs, by pointers to the fields.
type Fields func(*Outputs) []any

// Require reports needed outputs that the stack lacks, and what to do. A nil needed requires none.
func (o Outputs) Require(needed Fields) error {
	if needed == nil {
		return nil
	}
	v := reflect.ValueOf(&o).Elem()
	var missing []string
	for _, wanted := range needed(&o) {
		for i := range v.NumField() {
			if v.Field(i).Addr().Interface() == wanted && v.Field(i).IsZero() {
				missing = append(missing, name(v.Type().Field(i)))
			}
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case v.IsZero():
		return errors.New("the stack has no outputs: run `pulumi up` first (`cdc preflight` says beforehand what would end it), or choose another stack with --stack")
	}
	return fmt.Errorf("the stack has no output %s: run `pulumi up` first, or choose another stack with --stack", strings.Join(missing, ", "))
}

// Loads reports whether the task follows and loads a table, database.table.
func (o Outputs) Loads(name string) bool {
	named, err := table.Parse(name)
	return err == nil && slices.ContainsFunc(o.Tables, func(configured string) bool {
		pattern, err := table.ParsePattern(configured)
		return err == nil && pattern.Matches(named)
	})
}

// Next returns the outputs as they will be after the move to search.next.
func (o Outputs) Next() (Outputs, error) {
	if len(o.NextSearch) == 0 {
		return o, errors.New("--next: the stack has no next place to search: set search.next to the other kind and run `pulumi up`")
	}
	v := reflect.ValueOf(&o).Elem()
	for i := range v.NumField() {
		if text, ok := o.NextSearch[name(v.Type().Field(i))]; ok && v.Field(i).Kind() == reflect.String {
			v.Field(i).SetString(text)
		}
	}
	o.NextSearch = nil
	return o, nil
}

// Serverless reports whether collections of OpenSearch Serverless are searched, not a domain.
func (o Outputs) Serverless() bool { return o.SearchKind == "serverless" }

// Tunnelled reports whether the search destination and the database are reached through the stack's bastion.
func (o Outputs) Tunnelled() bool { return o.BastionInstanceID != "" }

// SearchAddress is the host and the port of the domain's endpoint; 443 when the endpoint has none.
func (o Outputs) SearchAddress() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(o.SearchEndpoint)
	if err != nil {
		return o.SearchEndpoint, 443, nil //nolint:nilerr // no port: AWS's endpoints have none
	}
	if port, err = strconv.Atoi(text); err != nil {
		return "", 0, fmt.Errorf("output searchEndpoint: %q has no port that is a number", o.SearchEndpoint)
	}
	return host, port, nil
}
