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

// Way says how to reach a collection.
type Way struct {
	// Name and URL are the collection's name and its URL, https://HOST.
	Name, URL string
	// Send sends requests to the collection.
	Send http.RoundTripper
}

// NewCollections returns the search of two collections, for the history and the present rows. It signs requests with
// the credentials of cfg, because a collection has no users.
func NewCollections(cfg aws.Config, history, current Way) *Search {
	s := &Search{History: history.client(cfg), Current: current.client(cfg), Service: opensearch.Serverless}
	s.health = func(ctx context.Context) (Health, error) {
		collections, err := describeCollections(ctx, awsapi.New(cfg, awsapi.Serverless), history.Name, current.Name)
		return Health{Collections: collections}, err
	}
	s.indices = func(ctx context.Context, source currentstate.Source, name string) ([]Index, error) {
		// Ask for exactly this name, because a data access policy allows no other.
		all, err := indices(ctx, s.History, name)
		if err != nil && opensearch.Status(err) != http.StatusNotFound { // 404 means that no change has come yet
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

// CollectionStates is the API that reports the state of collections. awsapi.Client implements it.
type CollectionStates interface {
	JSON(ctx context.Context, action string, request, answer any) error
}

// describeCollections returns the states of the collections, in the order of names.
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
