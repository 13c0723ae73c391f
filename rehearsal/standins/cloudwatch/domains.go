package cloudwatch

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/opensearch"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/opensearch"
)

// MeasureDomains are the metrics of OpenSearch domains,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html, from the
// node behind each. A node that does not answer publishes none. Free bytes are this machine's. CPU use is not
// published, because this machine has other work than a domain's node.
func MeasureDomains(acc account.Account, domains *opensearch.Domains) Measure {
	client := service.NewFromConfig(acc.Config())
	names := []string{
		"ClusterStatus.green", "ClusterStatus.yellow", "ClusterStatus.red", "Nodes", "FreeStorageSpace", "JVMMemoryPressure", "OldGenJVMMemoryPressure",
		"ClusterIndexWritesBlocked", "ThreadpoolWriteRejected",
	}
	for i, name := range names {
		names[i] = domainMetrics + " " + name
	}
	return Measure{Names: names, Read: func(ctx context.Context) ([]Reading, error) {
		var readings []Reading
		var problems []error
		for _, name := range domains.Names() {
			d, ok := domains.Domain(name)
			if !ok {
				continue
			}
			if ready, err := d.Ready(); !ready || err != nil {
				continue
			}
			found, err := measureDomain(ctx, client, d)
			if err != nil {
				problems = append(problems, fmt.Errorf("the domain %s: %w", name, err))
			}
			readings = append(readings, found...)
		}
		return readings, errors.Join(problems...)
	}}
}

const domainMetrics = "AWS/ES"

type health struct {
	Status string `json:"status"`
	Nodes  int    `json:"number_of_nodes"`
}

type nodes struct {
	Nodes map[string]struct {
		FS struct {
			Total struct {
				Available float64 `json:"available_in_bytes"`
			} `json:"total"`
		} `json:"fs"`
		JVM struct {
			Mem struct {
				Pools map[string]struct {
					Used float64 `json:"used_in_bytes"`
					Max  float64 `json:"max_in_bytes"`
				} `json:"pools"`
			} `json:"mem"`
		} `json:"jvm"`
		ThreadPool struct {
			Write struct {
				Rejected float64 `json:"rejected"`
			} `json:"write"`
		} `json:"thread_pool"`
	} `json:"nodes"`
}

// measureDomain measures a node. If the domain declares a second node, replicas do not count as missing although this
// machine has only one.
func measureDomain(ctx context.Context, client *service.Client, d *opensearch.Domain) ([]Reading, error) {
	admin := d.Node().Admin()
	var h health
	if err := admin.Do(ctx, "GET", "/_cluster/health", nil, &h); err != nil {
		return nil, err //nolint:wrapcheck // the error names the call
	}
	described, err := client.DescribeDomain(ctx, &service.DescribeDomainInput{DomainName: &d.Name})
	if err != nil {
		return nil, fmt.Errorf("reading what is declared: %w", err)
	}
	if c := described.DomainStatus.ClusterConfig; h.Status == "yellow" && c != nil && int(aws.ToInt32(c.InstanceCount)) > h.Nodes {
		h.Status = "green"
	}
	var readings []Reading
	add := func(metric string, value float64) {
		readings = append(readings, newReading(domainMetrics, metric, value, "DomainName", d.Name, "ClientId", account.ID))
	}
	for _, status := range []string{"green", "yellow", "red"} {
		add("ClusterStatus."+status, truth(h.Status == status))
	}
	add("Nodes", float64(h.Nodes))
	var blocks struct {
		Blocks struct {
			Indices map[string]map[string]any `json:"indices"`
			Global  map[string]any            `json:"global"`
		} `json:"blocks"`
	}
	if err := admin.Do(ctx, "GET", "/_cluster/state/blocks", nil, &blocks); err != nil {
		return readings, err //nolint:wrapcheck // as above
	}
	add("ClusterIndexWritesBlocked", truth(blocked(blocks.Blocks.Indices) || len(blocks.Blocks.Global) > 0))
	var all nodes
	if err := admin.Do(ctx, "GET", "/_nodes/stats/fs,jvm,thread_pool", nil, &all); err != nil {
		return readings, err //nolint:wrapcheck // as above
	}
	for _, n := range all.Nodes {
		add("FreeStorageSpace", n.FS.Total.Available/(1<<20)) // megabytes
		add("ThreadpoolWriteRejected", n.ThreadPool.Write.Rejected)
		if old, ok := n.JVM.Mem.Pools["old"]; ok && old.Max > 0 { // the service uses the old generation
			add("JVMMemoryPressure", 100*old.Used/old.Max)
			add("OldGenJVMMemoryPressure", 100*old.Used/old.Max)
		}
	}
	return readings, nil
}

// flood is the block that OpenSearch sets on an index when a disk is full; the service does not report blocks set by
// people.
const flood = "12"

func blocked(indices map[string]map[string]any) bool {
	for _, blocks := range indices {
		if _, ok := blocks[flood]; ok {
			return true
		}
	}
	return false
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
