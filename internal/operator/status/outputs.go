// Package status works on a deployed pipeline: it says how the pipeline is, stops and starts its task, and says how to
// reach what is inside the VPC. It knows a stack by its outputs and AWS by the few calls of each service that it needs.
package status

import (
	"cdcpipeline/config"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Outputs of a stack. Names are those of the outputs; an output that the stack does not have is zero.
type Outputs struct {
	Region    string `json:"region"`
	AccountID string `json:"accountId"`
	VpcID     string `json:"vpcId"`
	KmsKeyArn string `json:"kmsKeyArn"`

	// Tables as configured, database.table; % stands for any characters.
	Tables []string `json:"tables"`
	// TablesNotLoaded were added after the task's first start: their changes are followed, what was in them is missing.
	TablesNotLoaded []string `json:"tablesNotLoaded"`
	// RowsSince is since when records of tables tell what their rows are.
	RowsSince            config.RowsSince `json:"rowsSince"`
	SourceHost           string           `json:"sourceHost"`
	SourcePort           int              `json:"sourcePort"`
	SourceSecretArn      string           `json:"sourceSecretArn"`
	ReplicationSecretArn string           `json:"replicationSecretArn"`
	BootstrapFindings    json.RawMessage  `json:"bootstrapFindings"`

	StreamName string `json:"streamName"`
	StreamArn  string `json:"streamArn"`
	TaskArn    string `json:"taskArn"`

	SearchDomainName      string `json:"searchDomainName"`
	SearchEndpoint        string `json:"searchEndpoint"`
	SearchURL             string `json:"searchUrl"`
	DashboardsURL         string `json:"dashboardsUrl"`
	SearchMasterSecretArn string `json:"searchMasterSecretArn"`
	SearchDeliveryName    string `json:"searchDeliveryName"`
	HistoryIndex          string `json:"historyIndex"`

	// Of the current state; all empty when search.current.enabled is false.
	CurrentIndices      string `json:"currentIndices"`
	CurrentFunctionName string `json:"currentFunctionName"`
	CurrentParkedPrefix string `json:"currentParkedPrefix"`
	CurrentFailedPrefix string `json:"currentFailedPrefix"`

	LakeBucket       string `json:"lakeBucket"`
	LakePrefix       string `json:"lakePrefix"`
	LakeErrorPrefix  string `json:"lakeErrorPrefix"`
	LakeDeliveryName string `json:"lakeDeliveryName"`

	// Reach of the domain: tunnel or direct. BastionInstanceID is empty when it is direct.
	Reach             string `json:"reach"`
	BastionInstanceID string `json:"bastionInstanceId"`
	// SearchTunnelPort on this machine, at which a deployment expects the domain.
	SearchTunnelPort int `json:"searchTunnelPort"`

	ConsoleLinks map[string]string `json:"consoleLinks"`
}

// ParseOutputs reads what `pulumi stack output --json` prints.
func ParseOutputs(b []byte) (Outputs, error) {
	var o Outputs
	if err := json.Unmarshal(b, &o); err != nil {
		return Outputs{}, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	return o, nil
}

// Require says which of the named outputs the stack does not have, and what to do.
func (o Outputs) Require(names ...string) error {
	var missing []string
	v := reflect.ValueOf(o)
	for _, name := range names {
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") == name && v.Field(i).IsZero() {
				missing = append(missing, name)
			}
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case v.IsZero():
		return errors.New("the stack has no outputs: run `pulumi up` first, or choose another stack with --stack")
	}
	return fmt.Errorf("the stack has no output %s: run `pulumi up` first, or choose another stack with --stack", strings.Join(missing, ", "))
}

// Loads says that the task follows and loads a table, database.table.
func (o Outputs) Loads(table string) bool {
	return slices.ContainsFunc(o.Tables, func(configured string) bool { return tablePattern(configured).MatchString(table) })
}

// Tunnelled says that the domain and the database are reached through the stack's bastion.
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
