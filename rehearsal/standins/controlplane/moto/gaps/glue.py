"""Glue: adds changing jobs and triggers."""

import json

from moto.core.utils import camelcase_to_underscores
from moto.glue.responses import GlueResponse

from .patch import adds


@adds(GlueResponse)
def update_job(self):
    job = self.glue_backend.get_job(self.parameters["JobName"])
    for name, value in self.parameters["JobUpdate"].items():
        setattr(job, camelcase_to_underscores(name), value)
    return json.dumps({"JobName": job.name})


@adds(GlueResponse)
def update_trigger(self):
    trigger, update = self.glue_backend.get_trigger(self.parameters["Name"]), self.parameters["TriggerUpdate"]
    trigger.schedule = update.get("Schedule", trigger.schedule)
    trigger.description = update.get("Description", trigger.description)
    return json.dumps({"Trigger": trigger.as_dict()})
