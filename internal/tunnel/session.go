package tunnel

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/xtaci/smux"
)

// document is the SSM document for sessions to a host that the instance can reach:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html.
const document = "AWS-StartPortForwardingSessionToRemoteHost"

// limits are the tunnel's timeouts; tests use shorter ones.
type limits struct {
	target       time.Duration // until the target is set
	registration time.Duration // until the instance has registered with SSM
	retry        time.Duration // between two checks of it, growing to retryMost
	retryMost    time.Duration
	handshake    time.Duration // from the start of the session until the agent is ready
	settle       time.Duration // until the agent acknowledges a new connection
	resend       time.Duration // of the oldest unacknowledged message, growing up to eight times
	silence      time.Duration // of an agent that owes an acknowledgement
	terminate    time.Duration
	halfClosed   time.Duration // of the far end, after the client has ended its half
	stalled      time.Duration // of a client that does not read
}

var defaultLimits = limits{
	target: 2 * time.Minute, registration: 5 * time.Minute, retry: time.Second, retryMost: 15 * time.Second, handshake: 30 * time.Second,
	settle: 15 * time.Second, resend: time.Second, silence: time.Minute, terminate: 3 * time.Second, halfClosed: 5 * time.Second, stalled: time.Minute,
}

// session is one SSM session; each connection is a stream of it. AWS's client does the same, with the same
// multiplexer:
// https://github.com/aws/session-manager-plugin/blob/mainline/src/sessionmanagerplugin/session/portsession/muxportforwarding.go.
type session struct {
	id      string
	api     *ssm.Client
	dialer  *websocket.Dialer
	limits  limits
	channel *channel
	mux     *smux.Session
}

// openSession waits for the instance to register with SSM, within the limits and ctx, and starts a session. It calls
// waiting once when it has to wait, and refused whenever the instance cannot connect to its destination.
func openSession(ctx context.Context, cfg aws.Config, target Target, l limits, waiting, refused func()) (*session, error) {
	api := ssm.NewFromConfig(cfg)
	started, err := startSession(ctx, api, target, l, waiting)
	if err != nil {
		return nil, err
	}
	s := &session{id: aws.ToString(started.SessionId), api: api, dialer: dialer(cfg), limits: l}
	if err := s.connect(ctx, started, refused); err != nil {
		s.terminate()
		return nil, fmt.Errorf("opening the data channel of SSM session %s: %w", s.id, err)
	}
	return s, nil
}

func startSession(ctx context.Context, api *ssm.Client, target Target, l limits, waiting func()) (*ssm.StartSessionOutput, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = l.retry, l.retryMost
	told := false
	out, err := backoff.Retry(ctx, func() (*ssm.StartSessionOutput, error) {
		out, err := api.StartSession(ctx, &ssm.StartSessionInput{
			DocumentName: aws.String(document), Target: &target.InstanceID, Reason: aws.String("cdc-pipeline tunnel"),
			Parameters: map[string][]string{"host": {target.Host}, "portNumber": {strconv.Itoa(target.Port)}},
		})
		if notConnected := (*types.TargetNotConnected)(nil); err != nil && !errors.As(err, &notConnected) {
			return nil, backoff.Permanent(err)
		}
		return out, err //nolint:wrapcheck // explained below
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(l.registration), backoff.WithNotify(func(error, time.Duration) {
		if !told {
			told = true
			waiting()
		}
	}))
	if err != nil {
		return nil, explain(ctx, api, target, l.registration, err)
	}
	return out, nil
}

func (s *session) connect(ctx context.Context, started *ssm.StartSessionOutput, refused func()) error {
	ctx, cancel := context.WithTimeout(ctx, s.limits.handshake)
	defer cancel()
	ws, err := dial(ctx, s.dialer, aws.ToString(started.StreamUrl), aws.ToString(started.TokenValue))
	if err != nil {
		return err
	}
	s.channel = newChannel(ws, s.resume, s.limits, refused)
	select {
	case <-s.channel.ready:
	case <-s.channel.ctx.Done():
		return s.channel.cause()
	case <-ctx.Done():
		return fmt.Errorf("the instance's SSM agent did not answer: %w", ctx.Err())
	}
	config := smux.DefaultConfig()
	config.KeepAliveDisabled = !older(s.channel.version(), quietAgentVersion)
	if s.mux, err = smux.Client(s.channel, config); err != nil {
		return fmt.Errorf("multiplexing: %w", err)
	}
	return nil
}

// stream opens a connection to the destination. It returns only after the agent's acknowledgement, so that a dead
// session can be replaced before the connection's first byte.
func (s *session) stream(ctx context.Context) (*smux.Stream, error) {
	stream, err := s.mux.OpenStream()
	if err == nil {
		waiting, cancel := context.WithTimeout(ctx, s.limits.settle)
		defer cancel()
		if err = s.channel.settle(waiting); err == nil {
			return stream, nil
		}
	}
	if cause := s.channel.cause(); cause != nil {
		return nil, cause
	}
	return nil, fmt.Errorf("opening a connection through the session: %w", err)
}

func (s *session) usable() bool { return s.channel.cause() == nil && !s.mux.IsClosed() }

// resume opens another web socket after the last one broke:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ResumeSession.html.
func (s *session) resume(ctx context.Context) (*websocket.Conn, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, 5*time.Second // like AWS's client
	ws, err := backoff.Retry(ctx, func() (*websocket.Conn, error) {
		out, err := s.api.ResumeSession(ctx, &ssm.ResumeSessionInput{SessionId: &s.id})
		if err != nil {
			return nil, backoff.Permanent(fmt.Errorf("resuming SSM session %s: %w", s.id, err))
		}
		return dial(ctx, s.dialer, aws.ToString(out.StreamUrl), aws.ToString(out.TokenValue))
	}, backoff.WithBackOff(pause), backoff.WithMaxTries(5))
	if err != nil {
		return nil, unwrapPermanent(err)
	}
	return ws, nil
}

// close ends the session and its connections, and returns when all its goroutines have ended.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), s.limits.terminate)
	if s.channel.cause() == nil {
		_ = s.channel.terminate(ctx) // TerminateSession repeats it
	}
	cancel()
	_ = s.mux.Close()
	s.terminate()
}

// terminate ends the session without the multiplexer. A caller who may start but not end sessions leaves it to the
// agent and the session's timeout.
func (s *session) terminate() {
	if s.channel != nil {
		_ = s.channel.Close()
		s.channel.wait()
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.limits.terminate)
	defer cancel()
	_, _ = s.api.TerminateSession(ctx, &ssm.TerminateSessionInput{SessionId: &s.id})
}

// dialer trusts the same authorities as calls to AWS: aws:customCaBundle and AWS_CA_BUNDLE, for proxies that inspect
// TLS.
func dialer(cfg aws.Config) *websocket.Dialer {
	d := *websocket.DefaultDialer
	// Take only the authorities: the other settings concern HTTP/2, which a web socket does not use.
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		if t := client.GetTransport(); t.TLSClientConfig != nil && t.TLSClientConfig.RootCAs != nil {
			d.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: t.TLSClientConfig.RootCAs}
		}
	}
	return &d
}

// dial opens a data channel's web socket and authenticates with the token.
func dial(ctx context.Context, by *websocket.Dialer, url, token string) (*websocket.Conn, error) {
	ws, response, err := by.DialContext(ctx, url, nil)
	if response != nil {
		_ = response.Body.Close() // the body adds nothing to the status
		if err != nil {
			return nil, fmt.Errorf("connecting to %s: %s: %w", withoutQuery(url), response.Status, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w: is HTTPS to it allowed from here (HTTPS_PROXY is heeded)?", withoutQuery(url), err)
	}
	hello, err := json.Marshal(map[string]string{
		"MessageSchemaVersion": "1.0", "RequestId": uuid.NewString(), "TokenValue": token, "ClientId": uuid.NewString(), "ClientVersion": clientVersion,
	})
	if err == nil {
		err = ws.WriteMessage(websocket.TextMessage, hello)
	}
	if err != nil {
		_ = ws.Close()
		return nil, fmt.Errorf("identifying to %s: %w", withoutQuery(url), err)
	}
	return ws, nil
}
