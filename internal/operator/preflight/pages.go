package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"maps"
	"net/url"
)

// pages calls an action of the query protocol for each page of its result. add takes a page and returns the token of
// the next page. token names the parameter for that token.
func pages[P any](ctx context.Context, api *awsapi.Client, action, token string, values url.Values, add func(P) string) error {
	values = maps.Clone(values)
	if values == nil {
		values = url.Values{}
	}
	for {
		var page P
		if err := api.Query(ctx, action, values, &page); err != nil {
			return err
		}
		next := add(page)
		if next == "" {
			return nil
		}
		values.Set(token, next)
	}
}
