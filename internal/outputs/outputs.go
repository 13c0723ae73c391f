// Package outputs is what a stack says of itself: the program writes a Set of Pulumi values, the operator's tool reads the
// same Set as plain ones. The tag of a field is the output's name, spelled here and nowhere else.
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

// Set is one value for each output, in the form that writing or reading needs.
type Set[Text, Number, List, Map any] struct {
	// Environment is the set of defaults: dev or prod.
	Environment Text `json:"environment"`
	Region      Text `json:"region"`
	AccountID   Text `json:"accountId"`
	VpcID       Text `json:"vpcId"`
	KmsKeyArn   Text `json:"kmsKeyArn"`

	// Tables as configured, database.table; % stands for any characters.
	Tables List `json:"tables"`
	// TablesNotLoaded were added after the task's first start: their changes are followed, the rows they had before are missing.
	TablesNotLoaded List `json:"tablesNotLoaded"`
	// ProbeTables is the pattern of the tables that `cdc conformance` makes; empty when source.conformance is false.
	ProbeTables Text `json:"probeTables"`
	// RowsSince holds for a table the time from which on its records count: config.RowsSince.
	RowsSince Map `json:"rowsSince"`

	// SourceEngine is mysql or postgresql; an older stack's has none, and is mysql.
	SourceEngine Text `json:"sourceEngine"`
	// SourceDatabase is the database whose schemas are followed in PostgreSQL; empty for MySQL.
	SourceDatabase       Text   `json:"sourceDatabase"`
	SourceHost           Text   `json:"sourceHost"`
	SourcePort           Number `json:"sourcePort"`
	SourceSecretArn      Text   `json:"sourceSecretArn"`
	ReplicationSecretArn Text   `json:"replicationSecretArn"`
	// BootstrapFindings holds for each check of the database its status and value: "ok: ROW".
	BootstrapFindings Map `json:"bootstrapFindings"`

	StreamName Text `json:"streamName"`
	StreamArn  Text `json:"streamArn"`
	// TaskArn of the replication task; of a serverless one, of its configuration.
	TaskArn Text `json:"taskArn"`
	// NextTaskArn is that of the task of replication.next; empty when there is none.
	NextTaskArn Text `json:"nextTaskArn"`

	// SearchKind is domain or serverless; an older stack's has none, and is a domain.
	SearchKind Text `json:"searchKind"`
	// HistoryEndpoint and CurrentEndpoint are URLs without a slash at their end; on a domain both are SearchURL.
	HistoryEndpoint Text `json:"historyEndpoint"`
	CurrentEndpoint Text `json:"currentEndpoint"`
	// HistoryCollection and CurrentCollection are the names of collections; empty on a domain.
	HistoryCollection Text `json:"historyCollection"`
	CurrentCollection Text `json:"currentCollection"`
	// Those of a domain are empty when collections are searched.
	SearchDomainName      Text `json:"searchDomainName"`
	SearchEndpoint        Text `json:"searchEndpoint"`
	SearchURL             Text `json:"searchUrl"`
	DashboardsURL         Text `json:"dashboardsUrl"`
	SearchMasterSecretArn Text `json:"searchMasterSecretArn"`
	SearchDeliveryName    Text `json:"searchDeliveryName"`
	HistoryIndex          Text `json:"historyIndex"`
	// HistoryRetentionDays is how long a document of the history is kept.
	HistoryRetentionDays Number `json:"historyRetentionDays"`

	// The current state's are empty when search.current.enabled is false.
	CurrentIndices      Text `json:"currentIndices"`
	CurrentFunctionName Text `json:"currentFunctionName"`
	CurrentParkedPrefix Text `json:"currentParkedPrefix"`
	CurrentFailedPrefix Text `json:"currentFailedPrefix"`
	// CurrentRegistry is the name of what the function knows of the tables; an older stack's has none, and is current.
	CurrentRegistry Text `json:"currentRegistry"`

	// NextSearch are those outputs that are others in the place of search.next, by their names; empty when there is none.
	NextSearch Map `json:"nextSearch"`

	LakeBucket       Text `json:"lakeBucket"`
	LakePrefix       Text `json:"lakePrefix"`
	LakeErrorPrefix  Text `json:"lakeErrorPrefix"`
	LakeDeliveryName Text `json:"lakeDeliveryName"`
	// CatalogDatabase and AthenaWorkgroup are empty when lake.catalog.enabled is false.
	CatalogDatabase Text `json:"catalogDatabase"`
	AthenaWorkgroup Text `json:"athenaWorkgroup"`
	// TablesJob is the Glue job that keeps the lake's tables; empty when there are none.
	TablesJob Text `json:"tablesJob"`

	// Reach of the domain or the collections: tunnel or direct. BastionInstanceID is empty when it is direct.
	Reach             Text `json:"reach"`
	BastionInstanceID Text `json:"bastionInstanceId"`
	// SearchTunnelPort of this machine, at which a deployment expects the domain, or listens for the collections.
	SearchTunnelPort Number `json:"searchTunnelPort"`

	// AlarmTopicArn is the topic that alarms tell; empty when alarms.enabled is false. DashboardURL opens the dashboard in the AWS console; empty
	// when alarms.dashboard is false.
	AlarmTopicArn Text `json:"alarmTopicArn"`
	DashboardURL  Text `json:"dashboardUrl"`

	// ConsoleLinks open the parts in the AWS console.
	ConsoleLinks Map `json:"consoleLinks"`

	// Sources are, by the name of a source, those outputs of it that are its own. The unnamed source's are above; they are empty when
	// source.enabled is false.
	Sources map[string]Set[Text, Number, List, Map] `json:"sources,omitempty"`
	// Source is the name of the source whose outputs these are, where somebody has chosen one: [Outputs.Of].
	Source string `json:"-"`
}

// Each calls visit with the name and the value of every output but those of named sources, in the order of the fields.
func (s Set[Text, Number, List, Map]) Each(visit func(name string, value any)) {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Name != "Sources" && f.Name != "Source" {
			visit(name(f), v.Field(i).Interface())
		}
	}
}

func name(f reflect.StructField) string { return f.Tag.Get("json") }

// Outputs of a stack, as they are read. An output that the stack does not have is zero.
type Outputs Set[string, int, []string, map[string]string]

// Parse reads what `pulumi stack output --json` prints. What older stacks lack and others tell is filled in.
func Parse(b []byte) (Outputs, error) {
	var o Outputs
	if err := json.Unmarshal(b, &o); err != nil {
		return Outputs{}, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	o.HistoryEndpoint, o.CurrentEndpoint = cmp.Or(o.HistoryEndpoint, o.SearchURL), cmp.Or(o.CurrentEndpoint, o.SearchURL)
	return o, nil
}

// Of are the outputs as they are for one source: its own, and those that all share. An empty name is the unnamed source, or the only one where
// there is no unnamed one. The error lists the sources.
func (o Outputs) Of(source string) (Outputs, error) {
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

// ofSource are the outputs that are one source's alone, whether it has them or not.
var ofSource = []string{
	"tables", "tablesNotLoaded", "probeTables", "rowsSince", "sourceEngine", "sourceDatabase", "sourceHost", "sourcePort", "sourceSecretArn", "replicationSecretArn",
	"bootstrapFindings", "streamName", "streamArn", "taskArn", "nextTaskArn", "historyIndex", "searchDeliveryName", "currentFunctionName",
	"currentParkedPrefix", "currentFailedPrefix", "currentRegistry", "nextSearch", "lakePrefix", "lakeErrorPrefix", "lakeDeliveryName",
	"tablesJob", "consoleLinks",
}

// Own are, of all outputs, those that are one source's alone.
func (s Set[Text, Number, List, Map]) Own(visit func(name string, value any)) {
	s.Each(func(name string, value any) {
		if slices.Contains(ofSource, name) {
			visit(name, value)
		}
	})
}

// All are the outputs as they are for each source: the unnamed one first, where there is one, then the others by name.
func (o Outputs) All() []Outputs {
	var all []Outputs
	if o.SourceHost != "" || len(o.Sources) == 0 {
		all = append(all, o)
	}
	for _, source := range slices.Sorted(maps.Keys(o.Sources)) {
		if of, err := o.Of(source); err == nil {
			all = append(all, of)
		}
	}
	return all
}

// Fields picks the outputs that somebody needs, by pointers to the fields.
type Fields func(*Outputs) []any

// Require says which of the needed outputs the stack does not have, and what to do. A nil needed asks for none.
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

// Loads says that the task follows and loads a table, database.table.
func (o Outputs) Loads(name string) bool {
	named, err := table.Parse(name)
	return err == nil && slices.ContainsFunc(o.Tables, func(configured string) bool {
		pattern, err := table.ParsePattern(configured)
		return err == nil && pattern.Matches(named)
	})
}

// Next are the outputs as they will be when the place of search.next is searched.
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

// Serverless says that collections of OpenSearch Serverless are searched, and no domain.
func (o Outputs) Serverless() bool { return o.SearchKind == "serverless" }

// Tunnelled says that what is searched and the database are reached through the stack's bastion.
func (o Outputs) Tunnelled() bool { return o.BastionInstanceID != "" }

// SearchAddress is the host and the port of the domain's endpoint, 443 unless the endpoint names another.
func (o Outputs) SearchAddress() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(o.SearchEndpoint)
	if err != nil {
		return o.SearchEndpoint, 443, nil //nolint:nilerr // no port, which is how AWS writes an endpoint
	}
	if port, err = strconv.Atoi(text); err != nil {
		return "", 0, fmt.Errorf("output searchEndpoint: %q has no port that is a number", o.SearchEndpoint)
	}
	return host, port, nil
}
