"""RDS: a second deployment reads what the first one declared, and the managed password is a real secret.

A cluster's endpoint is the rehearsal's database: REHEARSAL_DB_HOST, localhost by default, at the cluster's port.
"""

import json
import os
import secrets

from moto.core.responses import ActionResult
from moto.rds.models import DBCluster, DBInstanceClustered, DBParameterGroup, MasterUserSecret, RDSBackend
from moto.rds.responses import RDSResponse

from .patch import adds, wraps

HOST = os.environ.get("REHEARSAL_DB_HOST", "localhost")

# ---- endpoints

DBCluster.endpoint = property(lambda self: HOST)
DBCluster.reader_endpoint = property(lambda self: HOST)
DBInstanceClustered.address = property(lambda self: HOST)

# ---- master password managed by RDS:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html


@adds(MasterUserSecret)
def _generate_secret_string(self):
    return json.dumps({"username": self.resource.master_username, "password": secrets.token_urlsafe(24)})


@adds(MasterUserSecret)
def rotate_secret(self):
    """Makes a new password current; whoever runs the database reads it there."""
    self.secretsmanager.put_secret_value(self.secret.arn, self._generate_secret_string(), None, None, ["AWSCURRENT"])


# The status is active immediately, because nothing depends on the states before.
MasterUserSecret.secret_status = property(lambda self: "active")


# ---- a cluster is available immediately: the caller waits half a minute before each check


@wraps(DBCluster, "__init__")
def _available(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    self.status = "available"


# ---- automated snapshots are deleted with their cluster; final ones stay


@wraps(RDSBackend)
def delete_db_cluster(original, self, cluster_identifier, snapshot_name=None):
    cluster = original(self, cluster_identifier, snapshot_name)
    for name, snapshot in list(self.cluster_snapshots.items()):
        if snapshot.snapshot_type == "automated" and snapshot.db_cluster_identifier == cluster.db_cluster_identifier:
            del self.cluster_snapshots[name]
    return cluster


# ---- no drift

_scaling = DBCluster.scaling_configuration_info.fget
DBCluster.scaling_configuration_info = property(lambda self: _scaling(self) if self.engine_mode == "serverless" else None)
# moto supports only Aurora Serverless v1 with a Data API.
DBCluster.enable_http_endpoint = property(
    lambda self: self._enable_http_endpoint,
    lambda self, value: setattr(self, "_enable_http_endpoint", bool(value)),
)


@wraps(DBParameterGroup)
def update_parameters(original, self, new_parameters):
    """The source of a parameter tells whether it was set."""
    original(self, [dict(p, Source="user") for p in new_parameters])


@wraps(RDSBackend)
def create_db_instance(original, self, db_kwargs):
    # This has been the account's default since 2024. With moto's own the provider would change it and
    # reboot, which takes minutes:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
    db_kwargs.setdefault("ca_certificate_identifier", "rds-ca-rsa2048-g1")
    instance = original(self, db_kwargs)
    instance.performance_insights_enabled = bool(
        db_kwargs.get("enable_performance_insights", db_kwargs.get("EnablePerformanceInsights"))
    )
    instance.performance_insights_kms_key_id = db_kwargs.get("performance_insights_kms_key_id")
    instance.performance_insights_retention_period = db_kwargs.get("performance_insights_retention_period")
    return instance


def _set_http_endpoint(enabled):
    def answer(self):
        arn = self.params["ResourceArn"]
        self.backend.clusters[arn.split(":")[-1]].enable_http_endpoint = enabled
        return ActionResult({"ResourceArn": arn, "HttpEndpointEnabled": enabled})

    return answer


RDSResponse.enable_http_endpoint = _set_http_endpoint(True)
RDSResponse.disable_http_endpoint = _set_http_endpoint(False)
