package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"maps"
	"net/url"
)

// pages calls an action of the query protocol until there is no more of its answer. Add takes a page and gives the token of
// the next one; token is the name of the parameter that takes it.
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
