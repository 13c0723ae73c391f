package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// services are the parts of the Terraform AWS provider that are compiled in; all of them would take four times as long.
const services = "ec2,rds,dms,kinesis,firehose,opensearch,iam,s3,logs,cloudwatch,glue,kms,lambda,sns,sqs,secretsmanager,sts,meta,ssm,athena,opensearchserverless,lakeformation,s3tables,events,scheduler"

var (
	serviceImport = regexp.MustCompile(`internal/service/(\w+)"`)
	serviceEntry  = regexp.MustCompile(`^\s+(\w+)\.ServicePackage\(ctx\)`)
	clientCall    = regexp.MustCompile(`\.(\w+(?:Client|Conn))\(ctx`)
	clientMethod  = regexp.MustCompile(`(?s)func \(c \*AWSClient\) (\w+)\(ctx context\.Context\).*?\n}\n`)
	importLine    = regexp.MustCompile(`^\s+(?:(\w+) )?"(?:[^"]*/)?([\w-]+)"`)
)

// trim narrows a copy of the Terraform AWS provider to the services used, and adds the one input it lacks.
func trim(provider string) error {
	for _, step := range []func(string) error{trimPackages, trimClients, dropLogSink, addLargeIntegers} {
		if err := step(provider); err != nil {
			return fmt.Errorf("trimming the AWS provider: %w", err)
		}
	}
	return nil
}

// trimPackages keeps the list of service packages to those wanted.
func trimPackages(provider string) error {
	wanted := strings.Split(services, ",")
	return rewrite(filepath.Join(provider, "internal/provider/service_packages_gen.go"), func(text string) (string, error) {
		lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
			for _, pattern := range []*regexp.Regexp{serviceImport, serviceEntry} {
				if m := pattern.FindStringSubmatch(line); m != nil {
					return !slices.Contains(wanted, m[1])
				}
			}
			return false
		})
		return strings.Join(lines, "\n"), nil
	})
}

// trimClients keeps the constructors of the AWS clients that the remaining code calls, and their imports.
func trimClients(provider string) error {
	needed, err := clientsCalled(provider)
	if err != nil {
		return err
	}
	return rewrite(filepath.Join(provider, "internal/conns/awsclient_gen.go"), func(text string) (string, error) {
		header, _, found := strings.Cut(text, "\nfunc ")
		if !found {
			return "", fmt.Errorf("awsclient_gen.go has no functions")
		}
		var methods []string
		for _, m := range clientMethod.FindAllStringSubmatch(text, -1) {
			if needed[m[1]] {
				methods = append(methods, m[0])
			}
		}
		body := strings.Join(methods, "\n")
		lines := slices.DeleteFunc(strings.Split(header, "\n"), func(line string) bool {
			m := importLine.FindStringSubmatch(line)
			if m == nil || !strings.Contains(line, "service/") {
				return false
			}
			name := m[1]
			if name == "" {
				name = m[2]
			}
			return !strings.Contains(body, name+".")
		})
		return strings.Join(lines, "\n") + "\n" + body, nil
	})
}

func clientsCalled(provider string) (map[string]bool, error) {
	needed := map[string]bool{"S3Client": true}
	roots := []string{"internal/conns", "internal/provider"}
	for _, s := range strings.Split(services, ",") {
		roots = append(roots, "internal/service/"+s)
	}
	for _, root := range roots {
		err := filepath.WalkDir(filepath.Join(provider, root), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "awsclient_gen.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err //nolint:wrapcheck // wrapped below
			}
			for _, m := range clientCall.FindAllStringSubmatch(string(text), -1) {
				needed[m[1]] = true
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", root, err)
		}
	}
	return needed, nil
}

// dropLogSink leaves out a call that the bridged plugin SDK does not have.
func dropLogSink(provider string) error {
	return rewrite(filepath.Join(provider, "internal/sweep/context.go"), func(text string) (string, error) {
		text = strings.ReplaceAll(text, "\tctx = tfsdklog.RegisterStdlogSink(ctx)\n", "")
		return strings.ReplaceAll(text, "\t\"github.com/hashicorp/terraform-plugin-log/tfsdklog\"\n", ""), nil
	})
}

// addLargeIntegers adds useLargeIntegerValue to the Kinesis settings of a DMS endpoint, which came after 5.82.2.
func addLargeIntegers(provider string) error {
	return rewrite(filepath.Join(provider, "internal/service/dms/endpoint.go"), func(text string) (string, error) {
		schema := func(name string) string {
			return "\t\t\t\t\t\t\"" + name + "\": {\n\t\t\t\t\t\t\tType:     schema.TypeBool,\n\t\t\t\t\t\t\tOptional: true,\n\t\t\t\t\t\t\tDefault:  false,\n\t\t\t\t\t\t},\n"
		}
		var err error
		for _, edit := range []struct{ after, add string }{
			{schema("partition_include_schema_table"), schema("use_large_integer_value")},
			{
				"\t\tapiObject.PartitionIncludeSchemaTable = aws.Bool(v)\n\t}\n",
				"\n\tif v, ok := tfMap[\"use_large_integer_value\"].(bool); ok {\n\t\tapiObject.UseLargeIntegerValue = aws.Bool(v)\n\t}\n",
			},
			{
				"\t\ttfMap[\"partition_include_schema_table\"] = aws.ToBool(v)\n\t}\n",
				"\n\tif v := apiObject.UseLargeIntegerValue; v != nil {\n\t\ttfMap[\"use_large_integer_value\"] = aws.ToBool(v)\n\t}\n",
			},
		} {
			if text, err = insertAfterLast(text, edit.after, edit.add); err != nil {
				return "", err
			}
		}
		return text, nil
	})
}

// followEngine gives the bridge's calls of the engine the argument that the engine's newer version asks for:
// NewContext's last, the environment of cloud credentials, which a plugin has none of.
func followEngine(bridge string) error {
	const before, after = "cwd, nil, false, nil", "cwd, nil, false, nil, nil"
	for _, file := range []string{"pkg/tf2pulumi/convert/eject.go", "pkg/tfgen/generate.go"} {
		err := rewrite(filepath.Join(bridge, file), func(text string) (string, error) {
			if strings.Count(text, before) != 1 {
				return "", fmt.Errorf("the source has not one %q", before)
			}
			return strings.Replace(text, before, after, 1), nil
		})
		if err != nil {
			return fmt.Errorf("adapting the bridge: %w", err)
		}
	}
	return nil
}

func insertAfterLast(text, anchor, addition string) (string, error) {
	i := strings.LastIndex(text, anchor)
	if i < 0 {
		return "", fmt.Errorf("the source has no %q", strings.TrimSpace(anchor))
	}
	i += len(anchor)
	return text[:i] + addition + text[i:], nil
}

func rewrite(path string, edit func(string) (string, error)) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	text, err := edit(string(content))
	if err != nil {
		return fmt.Errorf("editing %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
