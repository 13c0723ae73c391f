package status

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Way to a collection.
type Way struct {
	// Name of the collection, and its URL, https://HOST.
	Name, URL string
	// Send reaches it.
	Send http.RoundTripper
}

// NewCollections signs requests to the collections of the history and of the present rows with the credentials of cfg: a collection has no
// users of its own.
func NewCollections(cfg aws.Config, history, current Way) *Search {
	s := &Search{History: history.client(cfg), Current: current.client(cfg), Service: opensearch.Serverless}
	s.health = func(ctx context.Context) (Health, error) {
		collections, err := describeCollections(ctx, awsapi.New(cfg, awsapi.Serverless), history.Name, current.Name)
		return Health{Collections: collections}, err
	}
	s.indices = func(ctx context.Context, source currentstate.Source, name string) ([]Index, error) {
		// By its name alone, which is all that a data access policy gives.
		all, err := indices(ctx, s.History, name)
		if err != nil && opensearch.Status(err) != http.StatusNotFound { // 404: no change has come yet
			return nil, err
		}
		others, err := indices(ctx, s.Current, source.Indices())
		others = slices.DeleteFunc(others, func(i Index) bool { return !source.Has(i.Name) })
		return slices.Concat(all, others), err
	}
	return s
}

func (w Way) client(cfg aws.Config) opensearch.Client {
	return opensearch.Client{
		URL: w.URL, Transport: opensearch.Signed(cfg, opensearch.Serverless, w.Send), Timeout: requestTimeout,
		Place: "the collection " + w.Name, FoundAfter: opensearch.FoundInCollection,
		Hints: map[int]string{
			// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-troubleshooting.html
			http.StatusUnauthorized: "no network policy admits the request: it must come through the collections' endpoint in the VPC",
			http.StatusForbidden: "your AWS identity has no permission for this: ask the deployer to add your role to search.operators and run `pulumi up`; " +
				"the identity also needs aoss:APIAccessAll; a policy takes effect after about a minute",
		},
	}
}

// CollectionStates is the part of the service's API that tells how collections are: awsapi.Client.
type CollectionStates interface {
	JSON(ctx context.Context, action string, request, answer any) error
}

// describeCollections says how they are, in the order of their names in the call.
func describeCollections(ctx context.Context, api CollectionStates, names ...string) ([]Collection, error) {
	var answer struct {
		Details []struct {
			Name           string `json:"name"`
			Status         string `json:"status"`
			FailureCode    string `json:"failureCode"`
			FailureMessage string `json:"failureMessage"`
		} `json:"collectionDetails"`
		Errors []struct {
			Name         string `json:"name"`
			ErrorMessage string `json:"errorMessage"`
		} `json:"collectionErrorDetails"`
	}
	if err := api.JSON(ctx, "BatchGetCollection", map[string]any{"names": names}, &answer); err != nil {
		return nil, fmt.Errorf("asking for the status of the collections: %w (your credentials need aoss:BatchGetCollection)", err)
	}
	all := make([]Collection, len(names))
	for i, name := range names {
		all[i] = Collection{Name: name}
		for _, d := range answer.Details {
			if d.Name == name {
				all[i].Status, all[i].Problem = d.Status, d.FailureMessage
			}
		}
		for _, e := range answer.Errors {
			if e.Name == name {
				all[i].Problem = e.ErrorMessage
			}
		}
	}
	return all, nil
}
