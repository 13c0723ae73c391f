package offers

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// object is JSON.
type object = map[string]any

// searchVersions: https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_ListVersions.html.
func (s *Service) searchVersions(_ context.Context, c *controlplane.Call) (bool, error) {
	return true, c.Answer(http.StatusOK, object{"Versions": s.now().SearchVersions})
}

// searchTypes: https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_ListInstanceTypeDetails.html.
// The answer includes zones when requested.
func (s *Service) searchTypes(_ context.Context, c *controlplane.Call) (bool, error) {
	if version := path.Base(c.Request.URL.Path); !slices.Contains(region().SearchVersions, version) {
		return false, &controlplane.Error{Status: http.StatusConflict, Code: "ResourceNotFoundException", Message: "Invalid engine version " + version}
	}
	types := []object{}
	for name, zones := range s.now().SearchTypes {
		one := object{
			"InstanceType": name, "EncryptionEnabled": true, "CognitoEnabled": true, "AppLogsEnabled": true, "AdvancedSecurityEnabled": true,
			"WarmEnabled": false, "InstanceRole": []string{"Data", "Master"},
		}
		if c.Request.URL.Query().Get("retrieveAZs") == "true" {
			one["AvailabilityZones"] = zones
		}
		types = append(types, one)
	}
	return true, c.Answer(http.StatusOK, object{"InstanceTypeDetails": types})
}

// answerXML makes v the answer of an action in the query protocol.
func answerXML(c *controlplane.Call, v any) (bool, error) {
	body, err := xml.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("answering %s: %w", c.Action, err)
	}
	c.ResponseBody = body
	return true, nil
}

// databaseVersions: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBEngineVersions.html.
func (s *Service) databaseVersions(_ context.Context, c *controlplane.Call) (bool, error) {
	type version struct{ Engine, EngineVersion, Status string }
	var answer struct {
		XMLName  xml.Name  `xml:"DescribeDBEngineVersionsResponse"`
		Versions []version `xml:"DescribeDBEngineVersionsResult>DBEngineVersions>DBEngineVersion"`
	}
	for _, v := range s.now().DatabaseVersions {
		answer.Versions = append(answer.Versions, version{"aurora-mysql", v, "available"})
	}
	return answerXML(c, answer)
}

// databaseClasses answers for the requested version:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html.
func (s *Service) databaseClasses(_ context.Context, c *controlplane.Call) (bool, error) {
	form, err := url.ParseQuery(string(c.RequestBody))
	if err != nil {
		return false, fmt.Errorf("reading the request: %w", err)
	}
	type option struct {
		Engine, EngineVersion, DBInstanceClass string
		Zones                                  []string `xml:"AvailabilityZones>AvailabilityZone>Name"`
	}
	var answer struct {
		XMLName xml.Name `xml:"DescribeOrderableDBInstanceOptionsResponse"`
		Options []option `xml:"DescribeOrderableDBInstanceOptionsResult>OrderableDBInstanceOptions>OrderableDBInstanceOption"`
	}
	if slices.Contains(region().DatabaseVersions, form.Get("EngineVersion")) {
		for class, zones := range s.now().DatabaseClasses {
			for _, zone := range zones { // one entry per zone: encoding/xml would put all names into one element
				answer.Options = append(answer.Options, option{form.Get("Engine"), form.Get("EngineVersion"), class, []string{zone}})
			}
		}
	}
	return answerXML(c, answer)
}

// databaseQuotas: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeAccountAttributes.html.
func (s *Service) databaseQuotas(ctx context.Context, c *controlplane.Call) (bool, error) {
	client := rds.NewFromConfig(s.account.Config())
	clusters, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})
	if err != nil {
		return false, fmt.Errorf("counting clusters: %w", err)
	}
	instances, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	if err != nil {
		return false, fmt.Errorf("counting instances: %w", err)
	}
	type quota struct {
		AccountQuotaName string
		Used, Max        int
	}
	limits := s.now().DatabaseQuotas
	return answerXML(c, struct {
		XMLName xml.Name `xml:"DescribeAccountAttributesResponse"`
		Quotas  []quota  `xml:"DescribeAccountAttributesResult>AccountQuotas>AccountQuota"`
	}{Quotas: []quota{
		{"DBInstances", len(instances.DBInstances), limits["DBInstances"]}, {"DBClusters", len(clusters.DBClusters), limits["DBClusters"]},
	}})
}

// replicationVersions: https://docs.aws.amazon.com/dms/latest/APIReference/API_DescribeEngineVersions.html.
func (s *Service) replicationVersions(_ context.Context, c *controlplane.Call) (bool, error) {
	versions := []object{}
	for _, v := range s.now().ReplicationVersions {
		versions = append(versions, object{"Version": v, "Lifecycle": "ACTIVE", "ReleaseStatus": "prod"})
	}
	return true, c.Answer(http.StatusOK, object{"EngineVersions": versions})
}

// replicationClasses: https://docs.aws.amazon.com/dms/latest/APIReference/API_DescribeOrderableReplicationInstances.html.
func (s *Service) replicationClasses(_ context.Context, c *controlplane.Call) (bool, error) {
	offered := []object{}
	for class, zones := range s.now().ReplicationClasses {
		for _, version := range region().ReplicationVersions {
			offered = append(offered, object{
				"EngineVersion": version, "ReplicationInstanceClass": class, "StorageType": "gp2", "MinAllocatedStorage": 5, "MaxAllocatedStorage": 6144,
				"DefaultAllocatedStorage": 50, "IncludedAllocatedStorage": 50, "AvailabilityZones": zones,
			})
		}
	}
	return true, c.Answer(http.StatusOK, object{"OrderableReplicationInstances": offered})
}

// replicationQuotas: https://docs.aws.amazon.com/dms/latest/APIReference/API_DescribeAccountAttributes.html.
func (s *Service) replicationQuotas(ctx context.Context, c *controlplane.Call) (bool, error) {
	found, err := dms.NewFromConfig(s.account.Config()).DescribeReplicationInstances(ctx, &dms.DescribeReplicationInstancesInput{})
	if err != nil {
		return false, fmt.Errorf("counting replication instances: %w", err)
	}
	const name = "ReplicationInstances"
	return true, c.Answer(http.StatusOK, object{
		"UniqueAccountIdentifier": "rehearsal",
		"AccountQuotas":           []object{{"AccountQuotaName": name, "Used": len(found.ReplicationInstances), "Max": s.now().ReplicationQuotas[name]}},
	})
}

// quota: https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html.
func (s *Service) quota(_ context.Context, c *controlplane.Call) (bool, error) {
	var request struct{ ServiceCode, QuotaCode string }
	if err := c.Decode(&request); err != nil {
		return false, err //nolint:wrapcheck // names the action
	}
	value, ok := s.now().Quotas[request.ServiceCode+"/"+request.QuotaCode]
	if !ok {
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "NoSuchResourceException", Message: "The request failed because the specified service does not exist."}
	}
	return true, c.Answer(http.StatusOK, object{"Quota": object{"ServiceCode": request.ServiceCode, "QuotaCode": request.QuotaCode, "Value": float64(value), "Adjustable": true}})
}

// executions: https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html.
func (s *Service) executions(_ context.Context, c *controlplane.Call) (bool, error) {
	n := s.now().Executions
	return true, c.Answer(http.StatusOK, object{
		"AccountLimit": object{"ConcurrentExecutions": n, "UnreservedConcurrentExecutions": n}, "AccountUsage": object{"FunctionCount": 0},
	})
}

// simulate: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html. A session has no
// policies.
func (s *Service) simulate(_ context.Context, c *controlplane.Call) (bool, error) {
	form, err := url.ParseQuery(string(c.RequestBody))
	if err != nil {
		return false, fmt.Errorf("reading the request: %w", err)
	}
	if source := form.Get("PolicySourceArn"); !strings.Contains(source, ":"+account.ID+":") || strings.Contains(source, ":assumed-role/") {
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "InvalidInput", Message: "Invalid Entity Arn: " + source + " does not clearly define entity type and name."}
	}
	denied := s.now().Denied
	type evaluation struct{ EvalActionName, EvalResourceName, EvalDecision string }
	var answer struct {
		XMLName     xml.Name     `xml:"SimulatePrincipalPolicyResponse"`
		Truncated   bool         `xml:"SimulatePrincipalPolicyResult>IsTruncated"`
		Evaluations []evaluation `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member"`
	}
	resources := members(form, "ResourceArns.member.%d")
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	said := members(form, "ContextEntries.member.%d.ContextKeyValues.member.1")
	for _, action := range members(form, "ActionNames.member.%d") {
		decision := "allowed"
		if slices.Contains(denied, action) || slices.ContainsFunc(said, func(value string) bool { return slices.Contains(denied, action+" "+value) }) {
			decision = "implicitDeny"
		}
		for _, resource := range resources {
			answer.Evaluations = append(answer.Evaluations, evaluation{action, resource, decision})
		}
	}
	return answerXML(c, answer)
}

// members returns the members of a list in a form.
func members(form url.Values, name string) (all []string) {
	for i := 1; form.Has(fmt.Sprintf(name, i)); i++ {
		all = append(all, form.Get(fmt.Sprintf(name, i)))
	}
	return all
}
