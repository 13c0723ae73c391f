package tunnel

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

const (
	// clientVersion is sent to the agent, which multiplexes for clients from 1.1.70:
	// https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/session/plugins/port/port.go.
	clientVersion = "1.2.707.0"
	// muxAgentVersion is the first agent that multiplexes. Since quietAgentVersion, keep-alives of the multiplexer
	// would prevent the agent's idle timeout:
	// https://github.com/aws/session-manager-plugin/blob/mainline/src/config/config.go.
	muxAgentVersion   = "3.0.196.0"
	quietAgentVersion = "3.1.1511.0"

	actionSessionType   = "SessionType"
	statusSuccess       = 1
	statusUnsupported   = 3
	portSessionType     = "Port"
	encryptionRequested = "KMSEncryption"
)

type handshakeRequest struct {
	AgentVersion           string
	RequestedClientActions []struct {
		ActionType       string
		ActionParameters json.RawMessage
	}
}

type handshakeResponse struct {
	ClientVersion          string
	ProcessedClientActions []processedAction
	Errors                 []string
}

type processedAction struct {
	ActionType   string
	ActionStatus int
	ActionResult json.RawMessage `json:",omitempty"`
	Error        string
}

// answer is the response to a handshake request, and the reason why the session cannot continue, if any.
func (r handshakeRequest) answer() (handshakeResponse, error) {
	response := handshakeResponse{ClientVersion: clientVersion, Errors: []string{}}
	var refused error
	refuse := func(action *processedAction, err error) {
		action.ActionStatus, action.Error, refused = statusUnsupported, err.Error(), err
		response.Errors = append(response.Errors, err.Error())
	}
	if older(r.AgentVersion, muxAgentVersion) {
		refused = fmt.Errorf("the instance's SSM agent is version %s, and port forwarding of several connections needs %s: update the agent, or the instance's image",
			r.AgentVersion, muxAgentVersion)
	}
	for _, requested := range r.RequestedClientActions {
		action := processedAction{ActionType: requested.ActionType, ActionStatus: statusSuccess}
		var kind struct{ SessionType string }
		switch requested.ActionType {
		case actionSessionType:
			if err := json.Unmarshal(requested.ActionParameters, &kind); err != nil || kind.SessionType != portSessionType {
				refuse(&action, fmt.Errorf("the agent started a session of type %q instead of %s", kind.SessionType, portSessionType))
			}
		case encryptionRequested:
			// The agent encrypts only shell sessions. If it asks for encryption here, this client must not continue
			// without it.
			refuse(&action, fmt.Errorf("the agent asks for KMS encryption of a port session, which is not supported: turn it off in Session Manager's preferences"))
		default:
			refuse(&action, fmt.Errorf("the agent asks for %q, which is not supported", requested.ActionType))
		}
		response.ProcessedClientActions = append(response.ProcessedClientActions, action)
	}
	return response, refused
}

// older compares dotted versions; a part that is not a number counts as 0.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range max(len(a), len(b)) {
		if x, y := part(a, i), part(b, i); x != y {
			return x < y
		}
	}
	return false
}

func part(version []string, i int) int {
	if i >= len(version) {
		return 0
	}
	n, err := strconv.Atoi(version[i])
	if err != nil {
		return 0
	}
	return n
}
