package rules

import (
	"cdcpipeline/policy/view"
	"encoding/json"
	"slices"
)

const (
	replicationInstanceType = "aws:dms/replicationInstance:ReplicationInstance"
	endpointType            = "aws:dms/endpoint:Endpoint"
	taskType                = "aws:dms/replicationTask:ReplicationTask"
	serverlessType          = "aws:dms/replicationConfig:ReplicationConfig"
)

// ReplicationInstance is an instance that runs DMS tasks.
type ReplicationInstance struct {
	PubliclyAccessible      view.Of[bool]   `prop:"publiclyAccessible"`
	AutoMinorVersionUpgrade view.Of[bool]   `prop:"autoMinorVersionUpgrade"`
	EngineVersion           view.Of[string] `prop:"engineVersion"`
	MultiAz                 view.Of[bool]   `prop:"multiAz"`
}

// Endpoint is a source or a target of DMS.
type Endpoint struct {
	EndpointType   view.Of[string] `prop:"endpointType"`
	EngineName     view.Of[string] `prop:"engineName"`
	SslMode        view.Of[string] `prop:"sslMode"`
	CertificateArn view.Of[string] `prop:"certificateArn"`
	Kinesis        KinesisTarget   `prop:"kinesisSettings"`
}

// KinesisTarget has the settings for writing changes to a stream.
type KinesisTarget struct {
	MessageFormat               view.Of[string] `prop:"messageFormat"`
	IncludeTransactionDetails   view.Of[bool]   `prop:"includeTransactionDetails"`
	IncludePartitionValue       view.Of[bool]   `prop:"includePartitionValue"`
	PartitionIncludeSchemaTable view.Of[bool]   `prop:"partitionIncludeSchemaTable"`
	IncludeControlDetails       view.Of[bool]   `prop:"includeControlDetails"`
	IncludeTableAlterOperations view.Of[bool]   `prop:"includeTableAlterOperations"`
}

// Task is a replication task.
type Task struct {
	MigrationType view.Of[string] `prop:"migrationType"`
	Settings      view.Of[string] `prop:"replicationTaskSettings"`
}

// Serverless is a serverless replication task.
type Serverless struct {
	Settings view.Of[string] `prop:"replicationSettings"`
	Compute  Compute         `prop:"computeConfig"`
}

// Compute is the capacity of a serverless task.
type Compute struct {
	MultiAz view.Of[bool] `prop:"multiAz"`
}

func dms() []Rule {
	return []Rule{
		{
			Name: "dms-1", Title: "Replication instances are not public", Severity: Critical,
			Controls: []string{"DMS.1"}, Types: []string{replicationInstanceType},
			Change: "publiclyAccessible: false", Unseen: "counts as private",
			Default: "private",
			Check: each(replicationInstanceType, func(i ReplicationInstance) []Violation {
				return broken(i.PubliclyAccessible.Isnt(false), "publiclyAccessible is %s; the default of DMS is true", i.PubliclyAccessible)
			}),
		},
		{
			Name: "dms-6", Title: "Replication instances get minor versions, automatically or because the program names a version", Severity: Medium,
			Controls: []string{"DMS.6"}, Types: []string{replicationInstanceType},
			Change: "autoMinorVersionUpgrade: true, or name an engineVersion (replication.engineVersion) and raise it in a deployment",
			Unseen: "counts as named",
			Default: "the program names the version: an automatic upgrade would restart the task at an hour that nobody chose. Security Hub's own " +
				"check knows only the flag: suppress DMS.6 there with that reason",
			Check: each(replicationInstanceType, func(i ReplicationInstance) []Violation {
				return broken(i.AutoMinorVersionUpgrade.Isnt(true) && i.EngineVersion.Unset(), "it names no version, and automatic upgrades are off")
			}),
		},
		{
			Name: "dms-7", Title: "Tasks log the target side", Severity: Medium,
			Controls: []string{"DMS.7"}, Types: []string{taskType, serverlessType},
			Change: "Logging.EnableLogging: true in the task settings, TARGET_APPLY and TARGET_LOAD at LOGGER_SEVERITY_DEFAULT or finer",
			Unseen: "counts as logged", Default: "logging on, every component at DMS's default",
			Check: logs("TARGET_APPLY", "TARGET_LOAD"),
		},
		{
			Name: "dms-8", Title: "Tasks log the source side", Severity: Medium,
			Controls: []string{"DMS.8"}, Types: []string{taskType, serverlessType},
			Change: "Logging.EnableLogging: true in the task settings, SOURCE_CAPTURE and SOURCE_UNLOAD at LOGGER_SEVERITY_DEFAULT or finer",
			Unseen: "counts as logged", Default: "logging on, every component at DMS's default",
			Check: logs("SOURCE_CAPTURE", "SOURCE_UNLOAD"),
		},
		{
			Name: "dms-9", Title: "Database endpoints use TLS", Severity: Medium,
			Controls: []string{"DMS.9"}, Types: []string{endpointType},
			Change: "sslMode: verify-ca or verify-full, with a certificateArn", Unseen: "counts as encrypted",
			Default: "verify-ca; the Kinesis target is an AWS API, which is HTTPS",
			Check: each(endpointType, func(e Endpoint) []Violation {
				return broken(e.database() && (e.SslMode.Unset() || e.SslMode.Is("none")), "sslMode is %s", e.SslMode)
			}),
		},
		{
			Name: "dms-13", Title: "Replication instances and serverless tasks have a standby in another zone", Severity: Medium,
			Controls: []string{"DMS.13"}, Types: []string{replicationInstanceType, serverlessType},
			Change: "multiAz: true (replication.multiAz)", Unseen: "counts as true", Default: "prod: yes; dev: one instance, an exception",
			Check: either(
				each(replicationInstanceType, func(i ReplicationInstance) []Violation {
					return broken(i.MultiAz.Isnt(true), "multiAz is %s", i.MultiAz)
				}),
				each(serverlessType, func(s Serverless) []Violation {
					return broken(s.Compute.MultiAz.Isnt(true), "computeConfig.multiAz is %s", s.Compute.MultiAz)
				}),
			),
		},
	}
}

// database reports whether the endpoint is certainly a database, and no AWS service with HTTPS.
func (e Endpoint) database() bool {
	engine, ok := e.EngineName.Get()
	return ok && !slices.Contains([]string{"kinesis", "s3", "dynamodb", "opensearch", "elasticsearch"}, engine)
}

// loud lists the severities with which DMS logs a component's default messages:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.Logging.html.
var loud = []string{"LOGGER_SEVERITY_DEFAULT", "LOGGER_SEVERITY_DEBUG", "LOGGER_SEVERITY_DETAILED_DEBUG"}

// logs checks that the named components log. A component that the settings do not name has DMS's default level.
func logs(components ...string) func(view.Resource) []Violation {
	check := func(given view.Of[string]) []Violation {
		if given.Unknown() {
			return nil
		}
		text, _ := given.Get()
		var settings struct {
			Logging struct {
				EnableLogging bool
				LogComponents []struct{ Id, Severity string } //nolint:revive // spelled as DMS spells it
			}
		}
		if err := json.Unmarshal([]byte(text), &settings); err != nil {
			return broken(true, "the task settings are not JSON")
		}
		if !settings.Logging.EnableLogging {
			return broken(true, "Logging.EnableLogging is off")
		}
		for _, c := range settings.Logging.LogComponents {
			if slices.Contains(components, c.Id) && !slices.Contains(loud, c.Severity) {
				return broken(true, "%s logs at %s", c.Id, c.Severity)
			}
		}
		return nil
	}
	return either(
		each(taskType, func(t Task) []Violation { return check(t.Settings) }),
		each(serverlessType, func(s Serverless) []Violation { return check(s.Settings) }),
	)
}
