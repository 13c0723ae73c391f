package stores

import (
	"bytes"
	"cdcpipeline/rehearsal/machine/artifact"
	"cdcpipeline/rehearsal/machine/process"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// SparkVersion is the version in AWS Glue 5.1, https://docs.aws.amazon.com/glue/latest/dg/release-notes.html.
const SparkVersion = "3.5.6"

// sparkRequirements are Spark for Python and the packages that Glue installs beside it.
//
//go:embed spark.txt
var sparkRequirements []byte

// sparkJars are Glue 5.1's additions for --datalake-formats, in its versions,
// https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-datalake-native-frameworks.html. Iceberg has
// its own S3 client; the others use Hadoop's, where Glue has EMRFS.
var sparkJars = map[string][]artifact.Artifact{
	"iceberg": {
		jar("org.apache.iceberg", "iceberg-spark-runtime-3.5_2.12", "1.10.0", "70f9471870b2d456167d703c829f098a446b86bb1379eee338c0efa03a341026"),
		jar("org.apache.iceberg", "iceberg-aws-bundle", "1.10.0", "172370cfc32a5f1ae5399b210e86fc04a366dc29a112d97ac8ffc74df7525596"),
	},
	"delta": {
		jar("io.delta", "delta-spark_2.12", "3.3.2", "4e92085d5d794cf949c50bb665b91384857cad58680c2d0bfc9c7ad353e98e85"),
		jar("io.delta", "delta-storage", "3.3.2", "c096975a2ca97ccc9b4005aa5cce16c9ac3903139d340da6665b66ace67d7c36"), hadoop, hadoopSDK,
	},
	"hudi": {
		jar("org.apache.hudi", "hudi-spark3.5-bundle_2.12", "1.0.2", "2c2ab65a11e91265e4b7346f954448c46df52d66fb72f52dad83767b621deae8"), hadoop, hadoopSDK,
	},
}

var (
	hadoop    = jar("org.apache.hadoop", "hadoop-aws", "3.3.4", "53f9ae03c681a30a50aa17524bd9790ab596b28481858e54efd989a826ed3a4a")
	hadoopSDK = jar("com.amazonaws", "aws-java-sdk-bundle", "1.12.262", "873fe7cf495126619997bec21c44de5d992544aea7e632fdc77adb1a0915bae5")
)

func jar(group, name, version, sum string) artifact.Artifact {
	return artifact.Artifact{Group: group, Name: name, Version: version, Packaging: "jar", SHA256: sum}
}

// SparkOptions configure Spark.
type SparkOptions struct {
	// Format of tables: iceberg, delta or hudi.
	Format string
	// Endpoint of S3 and Glue, such as http://127.0.0.1:5000, with the region and the key for calls.
	Endpoint, Region, Key string
}

// Spark runs Python programs with Spark on this machine, like AWS Glue.
type Spark struct {
	dir, python string
	env         []string
}

// Spark installs Spark and a format's jars into the cache if needed.
func (s *Site) Spark(ctx context.Context, o SparkOptions) (*Spark, error) {
	jars, ok := sparkJars[o.Format]
	if !ok {
		return nil, fmt.Errorf("there is no table format %q: choose one of %s", o.Format, strings.Join(slices.Sorted(maps.Keys(sparkJars)), ", "))
	}
	paths := make([]string, len(jars))
	for i, one := range jars {
		var err error
		if paths[i], err = s.Cache.Fetch(ctx, one); err != nil {
			return nil, fmt.Errorf("getting Spark's %s: %w", one.Name, err)
		}
	}
	python, err := s.environment(ctx, "spark-"+SparkVersion, sparkRequirements)
	if err != nil {
		return nil, fmt.Errorf("installing Spark: %w", err)
	}
	dir, err := os.MkdirTemp(s.Dir, "spark-"+o.Format+"-")
	if err != nil {
		return nil, fmt.Errorf("making the folder of Spark: %w", err)
	}
	if err := o.configure(dir, paths); err != nil {
		return nil, err
	}
	env := append(o.environment(), "SPARK_CONF_DIR="+dir, "PYSPARK_PYTHON="+python, "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "TMPDIR="+dir)
	return &Spark{dir: dir, python: python, env: env}, nil
}

// environment of a program that calls AWS. It has its own application name, because the process's name is the
// deployer's, and the calls would need the deployer's permissions.
func (o SparkOptions) environment() []string {
	return []string{"AWS_SDK_UA_APP_ID=spark", "AWS_ENDPOINT_URL=" + o.Endpoint, "AWS_REGION=" + o.Region, "AWS_DEFAULT_REGION=" + o.Region, "AWS_ACCESS_KEY_ID=" + o.Key, "AWS_SECRET_ACCESS_KEY=" + o.Key}
}

// configure sets locations, like Glue's own defaults; a program's settings are its own.
func (o SparkOptions) configure(dir string, jars []string) error {
	settings := map[string]string{
		"spark.master": "local[2]", "spark.driver.memory": "2g", "spark.jars": strings.Join(jars, ","), "spark.local.dir": dir, "spark.sql.warehouse.dir": filepath.Join(dir, "warehouse"),
		"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "4",
		"spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem", "spark.hadoop.fs.s3a.endpoint": o.Endpoint, "spark.hadoop.fs.s3a.endpoint.region": o.Region,
		// Hadoop's S3 client copies objects encrypted with a KMS key only over https: "HTTPS must be used when
		// sending customer encryption keys (SSE-C)". Only Delta Lake renames files, its checksums, and a rename is a
		// copy there.
		"spark.databricks.delta.writeChecksumFile.enabled": "false",
		"spark.hadoop.fs.s3a.path.style.access":            "true", "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
		"spark.sql.catalog.lake.glue.endpoint": o.Endpoint, "spark.sql.catalog.lake.s3.endpoint": o.Endpoint, "spark.sql.catalog.lake.s3.path-style-access": "true", "spark.sql.catalog.lake.client.region": o.Region,
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&b, "%s %s\n", name, settings[name])
	}
	if err := os.WriteFile(filepath.Join(dir, "spark-defaults.conf"), []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("configuring Spark: %w", err)
	}
	return nil
}

// Program is a Python program that runs with Spark.
type Program struct {
	process *process.Process
	log     string
}

// Start runs a program that imports from folders or archives. It is stopped, including its Java process, when ctx
// ends.
func (k *Spark) Start(ctx context.Context, program string, imports, arguments []string) (*Program, error) {
	log, err := os.CreateTemp(k.dir, "run-*.log")
	if err != nil {
		return nil, fmt.Errorf("making the log of Spark: %w", err)
	}
	defer log.Close()
	p, err := process.Start(ctx, process.Command{
		Name: "spark", Path: k.python, Args: append([]string{program}, arguments...), Dir: k.dir, Log: log.Name(),
		Env: append(append(os.Environ(), k.env...), "PYTHONPATH="+strings.Join(imports, string(os.PathListSeparator))),
	})
	if err != nil {
		return nil, fmt.Errorf("running Spark: %w", err)
	}
	return &Program{p, log.Name()}, nil
}

// Kill ends it like a power failure.
func (p *Program) Kill() { p.process.Kill() }

// Lines are its output and errors so far.
func (p *Program) Lines() ([]string, error) {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return nil, fmt.Errorf("reading what Spark has said: %w", err)
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	return strings.Split(strings.TrimSpace(string(whole)), "\n"), nil
}

// Wait returns the lines once it has ended. A failure is an error with the last of them.
func (p *Program) Wait() ([]string, error) {
	<-p.process.Done()
	lines, err := p.Lines()
	if code := p.process.ExitCode(); err == nil && code != 0 {
		err = fmt.Errorf("the program of Spark ended with status %d:\n%s", code, process.Tail(p.log))
	}
	return lines, err
}
