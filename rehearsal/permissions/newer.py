"""Prints the calls of a newer AWS provider, for the program's resource types, that an older one lacks.

    go mod download -json github.com/upbound/terraform-provider-aws@v0.0.0-20250210124112-ca3a4c5ba291  # 5.82.2
    go mod download -json github.com/upbound/terraform-provider-aws@v0.0.0-20251204202605-7049bcc1808e  # 6.13.0
    python3 newer.py OLDER_DIR NEWER_DIR

It compares the two versions of each provider file that serves a resource type: the operations whose inputs the
file names. `newer` in changes.go is the result.
"""

import re
import sys
from pathlib import Path

FILES = {
    "athena": "named_query tags_gen workgroup",
    "dms": "certificate endpoint replication_instance replication_subnet_group replication_task tags_gen",
    "ec2": "ec2_availability_zones_data_source ec2_eip ec2_instance tags_gen vpc_ vpc_default_security_group vpc_endpoint vpc_flow_log "
    "vpc_internet_gateway vpc_nat_gateway vpc_network_interface vpc_prefix_list_data_source vpc_route vpc_route_table "
    "vpc_route_table_association vpc_security_group vpc_security_group_egress_rule vpc_security_group_ingress_rule vpc_subnet",
    "firehose": "delivery_stream tags_gen",
    "glue": "catalog_database catalog_table find tags_gen",
    "iam": "instance_profile role role_policy role_policy_attachment roles_data_source service_linked_role tags tags_gen",
    "kinesis": "stream stream_consumer tags tags_gen",
    "kms": "alias key tags_gen",
    "lambda": "event_source_mapping function invocation permission tags_gen",
    "logs": "group resource_policy stream tags_gen",
    "opensearch": "domain status tags_gen wait",
    "rds": "cluster cluster_instance cluster_parameter_group global_cluster instance subnet_group tags_gen",
    "s3": "bucket bucket_lifecycle_configuration bucket_logging bucket_ownership_controls bucket_policy bucket_public_access_block "
    "bucket_server_side_encryption_configuration bucket_versioning delete exports tags",
    "scheduler": "find schedule",
    "secretsmanager": "secret secret_rotation secret_version tags_gen",
    "ssm": "parameter_data_source",
}
INPUT = re.compile(r"\b[a-z0-9]+\.([A-Z][A-Za-z0-9]+)Input\b")


def operations(provider, service, names):
    folder = Path(provider, "internal", "service", service)
    files = [folder / f"{name}.go" for name in names.split()]
    missing = [file.name for file in files if not file.exists()]
    if len(missing) == len(files):
        sys.exit(f"{folder} has none of its files")
    return {name for file in files if file.exists() for name in INPUT.findall(file.read_text())}, missing


older, newer = sys.argv[1:]
for service, names in FILES.items():
    before, _ = operations(older, service, names)
    after, missing = operations(newer, service, names)
    for name in sorted(after - before):
        print(f"{service}:{name}")
    if missing:
        print(f"# {service}: the newer has no {', '.join(missing)}", file=sys.stderr)
