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
	// Project and Name of the stack, as Pulumi has them.
	Project, Name string
	// Named says that the stack is named on the command line, so that commands to type name it too.
	Named bool
	// Dir is the project's folder: paths in the configuration are relative to it.
	Dir string
	// Config is the complete configuration of the stack. It is empty if Problems has errors.
	Config   config.Config
	Problems error
	// Settings are the stack's `aws:*` keys; AWS calls as the provider does with them, CannotCall is why it cannot.
	Settings   awsconfig.Settings
	AWS        aws.Config
	CannotCall error
	// State is what the stack has already.
	State State
	// Tool runs a command in Dir, such as `pulumi version`, and gives what it prints.
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

// once is an answer that several checks need, asked for one time.
type once[T any] struct {
	do    sync.Once
	value T
	err   error
}

func (o *once[T]) get(ask func() (T, error)) (T, error) {
	o.do.Do(func() { o.value, o.err = ask() })
	return o.value, o.err
}

// each is an answer for each of several keys, such as versions.
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

// set is the command that sets a key of the stack's configuration.
func (s *Stack) set(key, value string) string {
	return fmt.Sprintf("pulumi config set%s --path 'cdc-pipeline:%s' %s", s.flag(), key, Quoted(value))
}

func (s *Stack) flag() string {
	if s.Named {
		return " --stack " + Quoted(s.Name)
	}
	return ""
}

// cli is a command of the AWS CLI in the stack's region, with its profile.
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

// Quoted is text as a shell reads it as one word.
func Quoted(text string) string {
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(plain, r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,+=@%"

// adopts says that the VPC exists.
func (s *Stack) adopts() bool { return s.Config.Network.VpcID != "" }

// makesDatabase says that an Aurora cluster is made, or several.
func (s *Stack) makesDatabase() bool { return slices.ContainsFunc(s.Config.Feeds(), makesCluster) }

// makesCluster says that one is made for a source.
func makesCluster(f config.Feed) bool { return f.Source.Existing == nil }

// of is the name of a check of a source's own: name/stream, and name/stream/orders for the source orders.
func of(check string, f config.Feed) string {
	if f.Name == "" {
		return check
	}
	return check + "/" + f.Name
}

// makesVPC says that a VPC is made.
func (s *Stack) makesVPC() bool { return !s.adopts() }

// makesDomain says that a domain is made, and no collections.
func (s *Stack) makesDomain() bool { return s.Config.Search.On(config.OnDomain) }

// tunnels says that the domain, or the collections, are reached through a bastion.
func (s *Stack) tunnels() bool { return s.Config.Search.Reach == config.ReachTunnel }

// nat says that NAT gateways are made.
func (s *Stack) nat() bool { return s.makesVPC() && s.Config.Network.Egress == config.EgressNAT }
