"""Athena: adds changing a workgroup, reading its tags, and deleting a named query."""

import json

from moto.athena.responses import AthenaResponse

from .patch import adds


@adds(AthenaResponse)
def update_work_group(self):
    group = self.athena_backend.work_groups[self._get_param("WorkGroup")]
    group.description = self._get_param("Description") or group.description
    updates = self._get_param("ConfigurationUpdates") or {}
    if "ResultConfigurationUpdates" in updates:
        group.configuration.setdefault("ResultConfiguration", {}).update(updates.pop("ResultConfigurationUpdates"))
    group.configuration.update(updates)
    return "{}"


@adds(AthenaResponse)
def delete_named_query(self):
    self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
    return "{}"


@adds(AthenaResponse)
def list_tags_for_resource(self):
    tags = self.athena_backend.tagger.list_tags_for_resource(self._get_param("ResourceARN"))
    return json.dumps({"Tags": tags.get("Tags", [])})
