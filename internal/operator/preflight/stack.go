package preflight

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/awsconfig"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Stack is the stack to deploy, with its account and region.
type Stack struct {
	// Project and Name are Pulumi's names of the project and the stack.
	Project, Name string
	// Named is true if the command line names the stack. Printed commands then name it too.
	Named bool
	// Dir is the project's folder. Paths in the configuration are relative to it.
	Dir string
	// Config is the complete configuration of the stack. It is empty if Problems has errors.
	Config   config.Config
	Problems error
	// Settings are the stack's `aws:*` keys. AWS makes calls with them as the provider does. CannotCall is the error
	// that prevents calls.
	Settings   awsconfig.Settings
	AWS        aws.Config
	CannotCall error
	// State describes the resources that the stack already has.
	State State
	// Tool runs a command such as `pulumi version` in Dir and returns its output.
	Tool func(ctx context.Context, command ...string) (string, error)

	identity once[*identity]
	acting   once[string]
	zoneList once[[]zone]
	subnets  once[[]subnet]
	tables   once[[]routeTable]
	ends     once[[]endpoint]

	databaseVersions each[[]string]
	databaseClasses  each[map[string][]string]
	dmsVersions      once[[]string]
	dmsClasses       each[map[string][]string]
}

// once reads an answer that several checks need only once.
type once[T any] struct {
	do    sync.Once
	value T
	err   error
}

func (o *once[T]) get(ask func() (T, error)) (T, error) {
	o.do.Do(func() { o.value, o.err = ask() })
	return o.value, o.err
}

// each reads an answer once for each key, such as a version.
type each[T any] struct {
	mu  sync.Mutex
	all map[string]*once[T]
}

func (e *each[T]) get(key string, ask func() (T, error)) (T, error) {
	e.mu.Lock()
	if e.all == nil {
		e.all = map[string]*once[T]{}
	}
	if e.all[key] == nil {
		e.all[key] = &once[T]{}
	}
	one := e.all[key]
	e.mu.Unlock()
	return one.get(ask)
}

func (s *Stack) api(service awsapi.Service) *awsapi.Client { return awsapi.New(s.AWS, service) }

// set returns the command that sets a key of the stack's configuration.
func (s *Stack) set(key, value string) string {
	return fmt.Sprintf("pulumi config set%s --path 'cdc-pipeline:%s' %s", s.flag(), key, Quoted(value))
}

func (s *Stack) flag() string {
	if s.Named {
		return " --stack " + Quoted(s.Name)
	}
	return ""
}

// cli returns a command of the AWS CLI with the stack's region and profile.
func (s *Stack) cli(format string, args ...any) string {
	command := "aws " + fmt.Sprintf(format, args...)
	if region := s.AWS.Region; region != "" {
		command += " --region " + region
	}
	if profile := s.Settings["profile"]; profile != "" {
		command += " --profile " + Quoted(profile)
	}
	return command
}

// Quoted quotes text so that a shell reads it as one word.
func Quoted(text string) string {
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(plain, r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,+=@%"

// adopts reports whether the stack uses an existing VPC.
func (s *Stack) adopts() bool { return s.Config.Network.VpcID != "" }

// makesDatabase reports whether the stack makes an Aurora cluster for any source.
func (s *Stack) makesDatabase() bool { return slices.ContainsFunc(s.Config.Feeds(), makesCluster) }

// makesCluster reports whether the stack makes a cluster for a source.
func makesCluster(f config.Feed) bool { return f.Source.Existing == nil }

// of returns the name of a check for one source: name/stream, or name/stream/orders for the source orders.
func of(check string, f config.Feed) string {
	if f.Name == "" {
		return check
	}
	return check + "/" + f.Name
}

// makesVPC reports whether the stack makes a VPC.
func (s *Stack) makesVPC() bool { return !s.adopts() }

// makesDomain reports whether the stack makes a domain, and not collections.
func (s *Stack) makesDomain() bool { return s.Config.Search.On(config.OnDomain) }

// tunnels reports whether the domain or the collections are reached through a bastion.
func (s *Stack) tunnels() bool { return s.Config.Search.Reach == config.ReachTunnel }

// nat reports whether the stack makes NAT gateways.
func (s *Stack) nat() bool { return s.makesVPC() && s.Config.Network.Egress == config.EgressNAT }
