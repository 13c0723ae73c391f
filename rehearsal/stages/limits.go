package stages

import (
	"cdcpipeline/rehearsal/engine"
	"cdcpipeline/rehearsal/stores"
	"runtime"
	"slices"
)

// notRun lists what the rehearsal cannot show with an engine, beyond the parts' own lists.
func notRun(e engine.Engine) []string {
	if e.Installed {
		return append(slices.Clone(never), "the installed AWS plugin's inputs: they were not compared with what the program gives")
	}
	return append(slices.Clone(never),
		"the official Pulumi CLI and plugins: these are compiled from their sources, without the resources that the pipeline does not use (ENGINE=installed takes those on PATH)",
		"the AWS provider is Terraform's 5.82.2 with useLargeIntegerValue added, 18 minor lines older than the 5.100.0 in pulumi-aws 6.83.4; its waits before and between looks are left out",
	)
}

// never lists what no rehearsal can show.
var never = []string{
	"AWS itself: nothing here has run against an AWS account",
	"IAM: a stand-in enforces the deployer's documented policies as far as requests show what they need; policies of roles, buckets and keys are not evaluated, what services do for the deployer (grants, network interfaces) is not demanded",
	"network: VPC, subnets, security groups and endpoints are made in the control plane, no packet passes them",
	"KMS: keys are declared; nothing is encrypted with them",
	"Aurora MySQL: the database is MariaDB 11.4.5; checks of variables that it lacks are reported as not applicable",
	"DMS and Firehose: stand-ins that act on the declared settings; their throughput and time-outs are not AWS's",
	"Systems Manager: its sessions are a stand-in that speaks the protocol of AWS's agent; the service itself, its agent and its VPC endpoints are not run",
	"Lambda: event source mappings are a stand-in, enhanced fan-out is a faster poll there; schedules of functions run faster than declared, and only in make rehearse, rehearsal/start up and the part faults",
	"CloudWatch: a stand-in evaluates alarms by the documented rules, with a clock that goes faster, on what stand-ins publish; how busy hosts are, snapshots and keys are injected; nobody is told: topics, subscriptions and rules are kept",
	"Glue: the job that keeps tables is run by Spark with the jars of Glue 5.1, on this machine, in part tables; its schedule is kept and not run, its role is simulated",
	"Athena: the views and saved queries are run by Trino, which it is made from, in part rows, and by DuckDB elsewhere; AWS's own view format is not published",
	"secret rotation: schedules and Secrets Manager's own retries are not run; MySQL's accounts are MariaDB's here",
	"CDC stream-position: its MySQL format is not published; the stand-in's is inferred",
	"64-bit integers of 19 and 20 digits arrive exactly here; AWS documents useLargeIntegerValue without saying so for all of them",
	"ARM: functions run as x86_64 here when this machine is",
	"other languages: programs of TypeScript and Python run through the Automation API, not by the CLI's language hosts; `pulumi package add` from a repository is not run, the plugin is installed from the folder of its release; the deployer of their stacks is refused nothing",
	"the Go language host of the CLI: the program runs through the Automation API with the same engine",
}

func versions() map[string]string {
	return map[string]string{
		"go": runtime.Version(), "pulumi": engine.CLIVersion, "pulumi-aws (plugin name)": engine.AWSPluginVersion, "terraform-provider-aws": "5.82.2",
		"pulumi-random (plugin name)": engine.RandomPluginVersion, "pulumi-terraform-provider": engine.BridgePluginVersion,
		"pulumi-language-yaml": engine.YAMLHostVersion, "terraform-provider-opensearch": engine.OpenSearchProviderVersion,
		"opensearch": stores.OpenSearchVersion, "mariadb": stores.MariaDBVersion, "moto": stores.MotoVersion, "trino": stores.TrinoVersion, "spark": stores.SparkVersion,
	}
}
