// Package offers answers queries of `cdc preflight` that moto does not support: a region's services and types, an
// account's quotas, and a principal's permissions. Tests of the checks can change the answers temporarily.
package offers

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// Offers are a region's services and types, and an account's quotas.
type Offers struct {
	// SearchVersions are OpenSearch's versions; SearchTypes are node types with their zones.
	SearchVersions []string
	SearchTypes    map[string][]string
	// DatabaseVersions are Aurora MySQL's versions; DatabaseClasses are instance classes with their zones.
	DatabaseVersions []string
	DatabaseClasses  map[string][]string
	// ReplicationVersions are DMS's versions; ReplicationClasses are instance classes with their zones.
	ReplicationVersions []string
	ReplicationClasses  map[string][]string
	// Quotas has the quotas of Service Quotas by service/code. Those of RDS and DMS have the services' own names.
	Quotas, DatabaseQuotas, ReplicationQuotas map[string]int
	// Executions is the number of concurrent function executions.
	Executions int
	// Denied are actions that a principal may not call. With a context value after a space, only calls with that
	// value are denied.
	Denied []string
}

// zones are the first choices in the rehearsal's region.
var zones = []string{"us-east-1a", "us-east-1b", "us-east-1c"}

// region returns the offers of us-east-1 at the time of writing, as far as needed.
func region() Offers {
	return Offers{
		SearchVersions:      []string{"OpenSearch_2.19", "OpenSearch_2.17", "OpenSearch_1.3"},
		SearchTypes:         everywhere("t3.small.search", "t3.medium.search", "m7g.large.search", "r7g.large.search"),
		DatabaseVersions:    []string{"8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.11.1"},
		DatabaseClasses:     everywhere("db.t4g.medium", "db.t4g.large", "db.r7g.large"),
		ReplicationVersions: []string{"3.5.4", "3.6.1"},
		ReplicationClasses:  everywhere("dms.t3.medium", "dms.t3.large", "dms.r6i.large"),
		// AWS's defaults: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html.
		Quotas: map[string]int{
			"vpc/L-F678F1CE": 5, "vpc/L-1B52E74A": 20, "vpc/L-A4707A72": 5, "vpc/L-FE5A380F": 5, "ec2/L-0263D0A3": 5, "ec2/L-1216C47A": 5,
			"firehose/L-14BB0BE7": 50, "es/L-076D529E": 100, "es/L-6408ABDE": 80,
		},
		DatabaseQuotas:    map[string]int{"DBClusters": 40, "DBInstances": 40},
		ReplicationQuotas: map[string]int{"ReplicationInstances": 60},
		Executions:        1000,
	}
}

func everywhere(types ...string) map[string][]string {
	all := map[string][]string{}
	for _, t := range types {
		all[t] = zones
	}
	return all
}

// Service answers for one account.
type Service struct {
	account account.Account
	proxy   *controlplane.Proxy

	mu     sync.Mutex
	offers Offers
	taken  map[controlplane.Action]controlplane.BeforeFunc
	hooked map[controlplane.Action]bool
}

// New returns a service with that region's offers.
func New(a account.Account) *Service {
	return &Service{account: a, offers: region(), taken: map[controlplane.Action]controlplane.BeforeFunc{}, hooked: map[controlplane.Action]bool{}}
}

// Attach puts the service behind the endpoint.
func (s *Service) Attach(p *controlplane.Proxy) {
	s.proxy = p
	for action, answer := range map[controlplane.Action]controlplane.BeforeFunc{
		{Service: "es", Name: "ListVersions"}:                           s.searchVersions,
		{Service: "es", Name: "ListInstanceTypeDetails"}:                s.searchTypes,
		{Service: "rds", Name: "DescribeDBEngineVersions"}:              s.databaseVersions,
		{Service: "rds", Name: "DescribeOrderableDBInstanceOptions"}:    s.databaseClasses,
		{Service: "rds", Name: "DescribeAccountAttributes"}:             s.databaseQuotas,
		{Service: "dms", Name: "DescribeEngineVersions"}:                s.replicationVersions,
		{Service: "dms", Name: "DescribeOrderableReplicationInstances"}: s.replicationClasses,
		{Service: "dms", Name: "DescribeAccountAttributes"}:             s.replicationQuotas,
		{Service: "servicequotas", Name: "GetServiceQuota"}:             s.quota,
		{Service: "lambda", Name: "GetAccountSettings"}:                 s.executions,
		{Service: "iam", Name: "SimulatePrincipalPolicy"}:               s.simulate,
	} {
		p.Before(action, answer)
	}
}

// now is the present offer.
func (s *Service) now() Offers {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offers
}

// Change changes the offers until it is undone.
func (s *Service) Change(change func(*Offers)) (undo func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.offers
	text, err := json.Marshal(before)
	if err != nil {
		return nil, fmt.Errorf("copying what is offered: %w", err)
	}
	var after Offers
	if err := json.Unmarshal(text, &after); err != nil {
		return nil, fmt.Errorf("copying what is offered: %w", err)
	}
	change(&after)
	s.offers = after
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.offers = before
	}, nil
}

// Take answers an action instead of its service until it is undone.
func (s *Service) Take(action controlplane.Action, answer controlplane.BeforeFunc) (undo func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[action] = answer
	if !s.hooked[action] {
		s.hooked[action] = true
		s.proxy.Before(action, s.answerTaken)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.taken, action)
	}
}

func (s *Service) answerTaken(ctx context.Context, c *controlplane.Call) (bool, error) {
	s.mu.Lock()
	answer := s.taken[c.Action]
	s.mu.Unlock()
	if answer == nil {
		return false, nil
	}
	return answer(ctx, c)
}
