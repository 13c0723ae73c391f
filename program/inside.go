package program

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/opensearch"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// removeTimeout of one deletion.
const removeTimeout = time.Minute

// removeInside deletes something from the domain, by the way that the provider takes.
func removeInside(cfg config.Search) search.Remove {
	return func(ctx context.Context, d *search.Domain, path string) error {
		values, err := texts(ctx, d.Endpoint, d.MasterUser, d.MasterPassword)
		if err != nil {
			return err
		}
		transport := &http.Transport{}
		if cfg.Reach == config.ReachTunnel {
			transport = opensearch.Through(net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.TunnelPort)))
		}
		defer transport.CloseIdleConnections()
		client := opensearch.Client{URL: "https://" + values[0], Timeout: removeTimeout, Transport: opensearch.BasicAuth(values[1], values[2], transport)}
		err = client.Do(ctx, http.MethodDelete, path, nil, nil)
		if refused := (*opensearch.Error)(nil); errors.As(err, &refused) && refused.Status == http.StatusNotFound {
			return nil
		}
		return err //nolint:wrapcheck // names the request
	}
}

// texts waits for outputs.
func texts(ctx context.Context, outputs ...pulumi.StringOutput) ([]string, error) {
	values := make([]string, len(outputs))
	for i, o := range outputs {
		result, err := internals.UnsafeAwaitOutput(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("waiting for the domain: %w", err)
		}
		values[i], _ = result.Value.(string)
	}
	return values, nil
}
