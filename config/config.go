// Package config is the typed, strict and validated configuration of the pipeline.
//
// It converts the stack's `cdc-pipeline:*` values into one [Config]. It refuses values that AWS would refuse only after
// twenty minutes. It does not depend on AWS resources: each component receives its own section as plain data.
package config

//go:generate go test . -run TestConfigurationPageIsCurrent -update

import (
	"cmp"
	"slices"
)

// Config is everything that a user can set. It has one section for each component, with the name of the component's folder.
type Config struct {
	// Environment chooses the defaults of every other section.
	Environment Environment `json:"environment" pulumi:"environment,optional"`
	Encryption  Encryption  `json:"encryption" pulumi:"encryption,optional"`
	Network     Network     `json:"network" pulumi:"network,optional"`
	Source      Source      `json:"source" pulumi:"source,optional"`
	// Sources are further databases, each under a name of its own: [a-z][a-z0-9]{0,15}.
	Sources     map[string]NamedSource `json:"sources" pulumi:"sources,optional"`
	Stream      Stream                 `json:"stream" pulumi:"stream,optional"`
	Replication Replication            `json:"replication" pulumi:"replication,optional"`
	Search      Search                 `json:"search" pulumi:"search,optional"`
	Bastion     Bastion                `json:"bastion" pulumi:"bastion,optional"`
	Lake        Lake                   `json:"lake" pulumi:"lake,optional"`
	Functions   Functions              `json:"functions" pulumi:"functions,optional"`
	Alarms      Alarms                 `json:"alarms" pulumi:"alarms,optional"`
}

// Environment names a set of defaults.
type Environment string

const (
	// Dev is the cheapest pipeline that works; everything in it may be destroyed. This is the default.
	Dev Environment = "dev"
	// Prod spans three zones, keeps what it stores and protects it from deletion.
	Prod Environment = "prod"
)

// WithDefault returns the environment, or dev if none is set.
func (e Environment) WithDefault() Environment { return cmp.Or(e, Dev) }

// WithDefaults fills unset settings with the defaults of the environment.
func (c Config) WithDefaults() Config {
	c.Environment = c.Environment.WithDefault()
	c.Network = c.Network.WithDefaults(c.Environment)
	c.Sources = c.namedSources() // before the defaults, because named sources inherit only what the user set
	if c.unnamed() {
		c.Source.Enabled = new(true)
		c.Source = c.Source.WithDefaults(c.Environment)
	}
	c.Stream = c.Stream.WithDefaults(c.Environment)
	c.Replication = c.Replication.WithDefaults(c.Environment)
	c.Search = c.Search.WithDefaults(c.Environment)
	if c.Search.Reach == ReachTunnel {
		c.Bastion = c.Bastion.WithDefaults(c.Environment)
	}
	c.Lake.Tables = c.Lake.Tables.remembering(c.retentionHours())
	c.Lake = c.Lake.WithDefaults(c.Environment)
	c.Functions = c.Functions.WithDefaults(c.Environment)
	c.Alarms = c.Alarms.WithDefaults(c.Environment)
	return c
}

// Validate checks every section and the rules between sections. It returns all problems as one joined error. Call
// it after WithDefaults.
func (c Config) Validate() error {
	var p problems
	oneOf(&p, "environment", c.Environment, Dev, Prod)
	p = append(p,
		c.Encryption.Validate(), c.Network.Validate(), c.validateSources(), c.Stream.Validate(), c.Replication.Validate(), c.validateNamedSources(),
		c.Search.Validate(), c.Lake.Validate(), c.Functions.Validate(), c.Alarms.Validate())
	if c.Search.Reach == ReachTunnel {
		p = append(p, c.Bastion.Validate())
	}
	c.validateTogether(&p)
	return p.join()
}

// validateTogether checks the rules between sections.
func (c Config) validateTogether(p *problems) {
	if c.Search.Reach == ReachDirect {
		apart(p, "bastion.instanceType", c.Bastion.InstanceType, "search.reach: direct", "without a tunnel there is no bastion; remove one of the two")
	}
	zones := c.Network.zones()
	if c.Search.AvailabilityZones > zones && zones > 0 {
		p.add("search.availabilityZones", "%d zones, but the network has %d: use at most that many, or give the network more zones", c.Search.AvailabilityZones, zones)
	}
	c.validateCanary(p)
	feeds := c.Feeds()
	for _, f := range feeds {
		f.validateFollowed(p)
		if f.Source.Existing != nil && c.Network.VpcID == "" {
			p.add(f.Key("source.existing"), "the database is in an existing VPC, and a new VPC has no route to it: set network.vpcId and network.privateSubnetIds to those of the database")
		}
	}
	serverless := slices.DeleteFunc(slices.Clone(feeds), func(f Feed) bool { return !f.Replication.Serverless() })
	if c.Network.VpcID == "" && c.Network.Egress == EgressNAT && len(serverless) > 0 {
		p.add("network.egress", "nat makes no VPC endpoints, but a serverless task reaches Kinesis, Secrets Manager and S3 only through them: use endpoints, or run the task on an instance (%s)", keysOf(serverless, "replication.kind", "replication.next"))
	}
	moving := slices.DeleteFunc(slices.Clone(feeds), func(f Feed) bool { return f.Replication.Next == "" })
	if c.Search.Next != "" && len(moving) > 0 {
		p.add("search.next", "cannot be set together with %s: a new task loads tables into new epochs, which would be missing in the next place; finish one move before the other", keysOf(moving, "replication.next"))
	}
	// MaxAgeHours has an upper limit; RetentionHours is at least seven days.
	current := c.Search.Current
	forgetful := slices.DeleteFunc(slices.Clone(feeds), func(f Feed) bool { return f.Stream.RetentionHours != current.MaxAgeHours })
	if current.On() && len(forgetful) > 0 {
		p.add("search.current.maxAgeHours", "%d hours, but the stream deletes a record after %s: %d, before it could be parked: use less, or a longer retention", current.MaxAgeHours, keysOf(forgetful, "stream.retentionHours"), current.MaxAgeHours)
	}
	if c.Search.Current.On() && (under(c.Lake.Prefix, RegistryPrefix) || under(c.Lake.ErrorPrefix, RegistryPrefix)) {
		p.add("lake.prefix", "must not be under %s, nor may lake.errorPrefix, because the current-state function keeps its registry of the tables there: use other prefixes, or set search.current.enabled to false", RegistryPrefix)
	}
	if have, need := c.Network.subnetAddresses(), c.SubnetNeeds(); have > 0 && need > have {
		p.add("network.cidr", "%s gives each subnet %d addresses, but the stack needs %d: use a larger block, up to a /16", c.Network.Cidr, have, need)
	}
}

// KeepsTables reports whether the job keeps tables for at least one source. Call it after WithDefaults.
func (c Config) KeepsTables() bool { return slices.ContainsFunc(c.Feeds(), Feed.KeepsTables) }

// SubnetNeeds returns how many addresses of a subnet the stack uses. An OpenSearch domain uses three for each node
// in the zone, because blue/green updates need them
// (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/vpc.html). Endpoints, functions and the
// first source use twenty. [Feed.SubnetNeeds] counts each further source.
func (c Config) SubnetNeeds() int {
	need := 20
	for i, f := range c.Feeds() {
		if i > 0 {
			need += f.SubnetNeeds()
		}
	}
	if c.Search.On(OnDomain) {
		zones := max(c.Search.AvailabilityZones, 1)
		need += 3 * ((c.Search.nodes() + zones - 1) / zones)
	}
	return need
}

// choose returns the default of the environment. Every environment except prod has dev's.
func choose[T any](env Environment, dev, prod T) T {
	if env == Prod {
		return prod
	}
	return dev
}
