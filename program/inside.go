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
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// removeTimeout limits one deletion.
const removeTimeout = time.Minute

// RemoveInside deletes something from the domain or a collection. It connects as the provider does: to collections through
// the doorway.
func RemoveInside(cfg config.Search) search.Remove {
	return func(ctx context.Context, at search.Inside, path string) error {
		values, err := texts(ctx, at.URL, at.User, at.Password)
		if err != nil {
			return err
		}
		transport := &http.Transport{}
		if doorway := "http://"; cfg.Reach == config.ReachTunnel && !strings.HasPrefix(values[0], doorway) {
			transport = opensearch.TunnelTransport(net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.TunnelPort)))
		}
		defer transport.CloseIdleConnections()
		client := opensearch.Client{URL: values[0], Timeout: removeTimeout, Transport: opensearch.BasicAuth(values[1], values[2], transport)}
		err = client.Do(ctx, http.MethodDelete, path, nil, nil)
		if refused := (*opensearch.Error)(nil); errors.As(err, &refused) && refused.Status == http.StatusNotFound {
			return nil
		}
		return err //nolint:wrapcheck // names the request
	}
}

// texts waits for outputs and returns their values.
func texts(ctx context.Context, outputs ...pulumi.StringOutput) ([]string, error) {
	values := make([]string, len(outputs))
	for i, o := range outputs {
		result, err := internals.UnsafeAwaitOutput(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("waiting for the domain or the collections: %w", err)
		}
		values[i], _ = result.Value.(string)
	}
	return values, nil
}
