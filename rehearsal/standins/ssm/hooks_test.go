package ssm

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

func request() *ssm.StartSessionInput {
	return &ssm.StartSessionInput{
		DocumentName: aws.String(document), Target: aws.String(bastion),
		Parameters: map[string][]string{"host": {"127.0.0.1"}, "portNumber": {"443"}},
	}
}

func TestRefusesWhatAWSRefuses(t *testing.T) {
	for _, c := range []struct {
		name, code string
		change     func(*scene, *ssm.StartSessionInput)
	}{
		{"another document", "InvalidDocument", func(_ *scene, r *ssm.StartSessionInput) { r.DocumentName = aws.String("AWS-Dance") }},
		{"a shell", "InvalidDocument", func(_ *scene, r *ssm.StartSessionInput) { r.DocumentName = nil }},
		{"no host", "InvalidParameters", func(_ *scene, r *ssm.StartSessionInput) { delete(r.Parameters, "host") }},
		{"no port", "InvalidParameters", func(_ *scene, r *ssm.StartSessionInput) { r.Parameters["portNumber"] = []string{"https"} }},
		{"an unknown parameter", "InvalidParameters", func(_ *scene, r *ssm.StartSessionInput) { r.Parameters["hosts"] = []string{"x"} }},
		{"an unknown instance", "TargetNotConnected", func(_ *scene, r *ssm.StartSessionInput) { r.Target = aws.String("i-0fedcba9876543210") }},
		{"a stopped instance", "TargetNotConnected", func(s *scene, _ *ssm.StartSessionInput) { s.state = "stopped" }},
		{"an instance without a role", "TargetNotConnected", func(s *scene, _ *ssm.StartSessionInput) { s.profile = "" }},
		{"an instance just launched", "TargetNotConnected", func(s *scene, _ *ssm.StartSessionInput) { s.launched = time.Now() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, Options{RegistrationDelay: time.Minute})
			in := request()
			c.change(s, in)
			_, err := ssm.NewFromConfig(s.account.Config()).StartSession(t.Context(), in)
			require.ErrorContains(t, err, c.code)
			require.Zero(t, s.service.Sessions())
		})
	}
}

func TestATokenOpensOneDataChannelOfItsSession(t *testing.T) {
	s := newScene(t, Options{})
	client := ssm.NewFromConfig(s.account.Config())
	one, err := client.StartSession(t.Context(), request())
	require.NoError(t, err)
	other, err := client.StartSession(t.Context(), request())
	require.NoError(t, err)
	open := func(token string) (int, error) {
		ws, response, err := websocket.DefaultDialer.Dial(*one.StreamUrl, nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		defer ws.Close()
		hello, err := json.Marshal(map[string]string{"MessageSchemaVersion": "1.0", "RequestId": uuid.NewString(), "TokenValue": token})
		require.NoError(t, err)
		require.NoError(t, ws.WriteMessage(websocket.TextMessage, hello))
		kind, _, err := ws.ReadMessage()
		return kind, err
	}
	for _, token := range []string{"", "guessed", *other.TokenValue} {
		_, err := open(token)
		require.True(t, websocket.IsCloseError(err, websocket.ClosePolicyViolation), "%v", err)
	}
	kind, err := open(*one.TokenValue)
	require.NoError(t, err)
	require.Equal(t, websocket.BinaryMessage, kind, "the handshake begins")
	_, err = open(*one.TokenValue)
	require.True(t, websocket.IsCloseError(err, websocket.ClosePolicyViolation), "%v", err)
}

func TestATerminatedSessionCannotBeResumed(t *testing.T) {
	s := newScene(t, Options{})
	client := ssm.NewFromConfig(s.account.Config())
	started, err := client.StartSession(t.Context(), request())
	require.NoError(t, err)
	resumed, err := client.ResumeSession(t.Context(), &ssm.ResumeSessionInput{SessionId: started.SessionId})
	require.NoError(t, err)
	require.NotEqual(t, *started.TokenValue, *resumed.TokenValue)
	_, err = client.TerminateSession(t.Context(), &ssm.TerminateSessionInput{SessionId: started.SessionId})
	require.NoError(t, err)
	_, err = client.ResumeSession(t.Context(), &ssm.ResumeSessionInput{SessionId: started.SessionId})
	require.ErrorContains(t, err, "DoesNotExistException")
}

func TestRegistrationIsDescribed(t *testing.T) {
	s := newScene(t, Options{RegistrationDelay: 300 * time.Millisecond})
	s.launched = time.Now()
	client := ssm.NewFromConfig(s.account.Config())
	status := func() types.ConnectionStatus {
		out, err := client.GetConnectionStatus(t.Context(), &ssm.GetConnectionStatusInput{Target: aws.String(bastion)})
		require.NoError(t, err)
		return out.Status
	}
	information := func() []types.InstanceInformation {
		out, err := client.DescribeInstanceInformation(t.Context(), &ssm.DescribeInstanceInformationInput{
			Filters: []types.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{bastion}}},
		})
		require.NoError(t, err)
		return out.InstanceInformationList
	}
	require.Empty(t, information())
	require.Equal(t, types.ConnectionStatusNotConnected, status())
	require.Eventually(t, func() bool { return status() == types.ConnectionStatusConnected }, 5*time.Second, 10*time.Millisecond)
	require.Len(t, information(), 1)
	require.Equal(t, types.PingStatusOnline, information()[0].PingStatus)
}
