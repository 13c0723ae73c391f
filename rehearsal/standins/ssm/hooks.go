package ssm

import (
	"cdcpipeline/rehearsal/standins/account/ec2"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// document is the only supported kind of session. For its parameters: aws ssm describe-document --name with it.
const document = "AWS-StartPortForwardingSessionToRemoteHost"

func refuse(code, format string, args ...any) error {
	return &controlplane.Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// startSession answers as in https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html.
func (s *Service) startSession(ctx context.Context, c *controlplane.Call) (bool, error) {
	var request struct {
		Target, DocumentName string
		Parameters           map[string][]string
	}
	if err := c.Decode(&request); err != nil {
		return false, err
	}
	if request.DocumentName != document {
		return false, refuse("InvalidDocument", "Document with name %s does not exist.", request.DocumentName)
	}
	destination, err := destination(request.Parameters)
	if err != nil {
		return false, err
	}
	registered, err := s.registered(ctx, request.Target)
	if err != nil {
		return false, err
	}
	if len(registered) == 0 {
		return false, refuse("TargetNotConnected", "%s is not connected.", request.Target)
	}
	one, err := s.start(request.Target, destination)
	if err != nil {
		return false, err
	}
	s.log.Debug("session started", "session", one.id, "instance", one.instance, "destination", one.destination)
	return true, c.Answer(http.StatusOK, s.access(one))
}

// destination is parsed from the document's parameters. localPortNumber concerns only the client.
func destination(parameters map[string][]string) (string, error) {
	for name, values := range parameters {
		if !slices.Contains([]string{"host", "portNumber", "localPortNumber"}, name) || len(values) != 1 {
			return "", refuse("InvalidParameters", "%s has no parameter %s with %d values.", document, name, len(values))
		}
	}
	host, port := parameters["host"], parameters["portNumber"]
	if len(host) == 0 || host[0] == "" || len(port) == 0 {
		return "", refuse("InvalidParameters", "%s needs host and portNumber.", document)
	}
	if n, err := strconv.ParseUint(port[0], 10, 16); err != nil || n == 0 {
		return "", refuse("InvalidParameters", "portNumber %q is not a port.", port[0])
	}
	return net.JoinHostPort(host[0], port[0]), nil
}

// access is the answer of StartSession and ResumeSession. A token opens one data channel.
func (s *Service) access(one *session) any {
	return map[string]string{"SessionId": one.id, "TokenValue": one.issue(), "StreamUrl": s.streamURL(one.id)}
}

// resumeSession answers as in https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ResumeSession.html.
func (s *Service) resumeSession(_ context.Context, c *controlplane.Call) (bool, error) {
	one, err := s.named(c)
	if err != nil {
		return false, err
	}
	return true, c.Answer(http.StatusOK, s.access(one))
}

// terminateSession answers as in
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_TerminateSession.html, also for an ended
// session.
func (s *Service) terminateSession(_ context.Context, c *controlplane.Call) (bool, error) {
	var request struct{ SessionId string } //nolint:revive // AWS's name
	if err := c.Decode(&request); err != nil {
		return false, err
	}
	if one, ok := s.find(request.SessionId); ok {
		s.remove(one.id)
		one.end()
	}
	return true, c.Answer(http.StatusOK, request)
}

func (s *Service) named(c *controlplane.Call) (*session, error) {
	var request struct{ SessionId string } //nolint:revive // AWS's name
	if err := c.Decode(&request); err != nil {
		return nil, err
	}
	one, ok := s.find(request.SessionId)
	if !ok {
		return nil, refuse("DoesNotExistException", "Session %s does not exist.", request.SessionId)
	}
	return one, nil
}

// describeInstanceInformation answers as in
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html.
func (s *Service) describeInstanceInformation(ctx context.Context, c *controlplane.Call) (bool, error) {
	var request struct {
		Filters []struct {
			Key    string
			Values []string
		}
	}
	if err := c.Decode(&request); err != nil {
		return false, err
	}
	var wanted []string
	for _, filter := range request.Filters {
		if filter.Key != "InstanceIds" {
			return false, refuse("InvalidFilterKey", "the rehearsal filters by InstanceIds only, not by %s", filter.Key)
		}
		wanted = append(wanted, filter.Values...)
	}
	instances, err := s.registered(ctx, wanted...)
	if err != nil {
		return false, err
	}
	list := []map[string]any{}
	for _, instance := range instances {
		list = append(list, map[string]any{
			"InstanceId": instance.ID, "PingStatus": "Online", "LastPingDateTime": time.Now().Unix(),
			"AgentVersion": agentVersion, "PlatformType": "Linux", "ResourceType": "EC2Instance", "IPAddress": instance.Address,
		})
	}
	return true, c.Answer(http.StatusOK, map[string]any{"InstanceInformationList": list})
}

// getConnectionStatus answers as in
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetConnectionStatus.html.
func (s *Service) getConnectionStatus(ctx context.Context, c *controlplane.Call) (bool, error) {
	var request struct{ Target string }
	if err := c.Decode(&request); err != nil {
		return false, err
	}
	registered, err := s.registered(ctx, request.Target)
	if err != nil {
		return false, err
	}
	status := "notconnected"
	if len(registered) > 0 {
		status = "connected"
	}
	return true, c.Answer(http.StatusOK, map[string]string{"Target": request.Target, "Status": status})
}

// registered are the instances whose agent has had time to register: they have run for a while and have a role that
// allows it. Without ids it covers all instances.
func (s *Service) registered(ctx context.Context, ids ...string) ([]ec2.Instance, error) {
	all, err := s.ec2.Instances(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("looking for the instances %v: %w", ids, err)
	}
	return slices.DeleteFunc(all, func(i ec2.Instance) bool {
		return i.State != "running" || i.Profile == "" || time.Since(i.Since) < s.options.RegistrationDelay
	}), nil
}
