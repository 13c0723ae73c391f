"""Each operation is answered by the function with its name. It receives only requests that AWS's API model allows; botocore
contains that model."""

import functools
import json
import re

import botocore.session
from botocore import xform_name
from moto.core.exceptions import JsonRESTError
from moto.opensearchserverless.exceptions import ValidationException
from moto.opensearchserverless.responses import OpenSearchServiceServerlessResponse

MODEL = botocore.session.get_session().get_service_model("opensearchserverless")
SHAPES = {xform_name(name): MODEL.operation_model(name).input_shape for name in MODEL.operation_names}


def answers(function):
    """Decorator: the function answers the operation with its name. It receives the backend and a valid request."""
    shape = SHAPES[function.__name__]

    @functools.wraps(function)
    def respond(response):
        request = json.loads(response.body or "{}")
        admit(shape, request, "")
        return json.dumps(function(response.opensearchserverless_backend, request))

    setattr(OpenSearchServiceServerlessResponse, function.__name__, respond)
    return function


def admit(shape, value, at):
    """Refuses a value that the API's model does not allow."""
    inside = {"structure": _structure, "list": _list, "string": _string}.get(shape.type_name)
    if inside:
        inside(shape, value, at)


def _structure(shape, value, at):
    for name in shape.required_members:
        if value.get(name) is None:
            invalid("null", f"{at}{name}", "Member must not be null")
    for name, inner in value.items():
        if name not in shape.members:
            raise JsonRESTError("SerializationException", f"unknown member {at}{name}")
        if inner is not None:
            admit(shape.members[name], inner, f"{at}{name}.")


def _list(shape, value, at):
    _length(shape, value, at)
    for index, inner in enumerate(value, 1):
        admit(shape.member, inner, f"{at}{index}.")


def _string(shape, value, at):
    if shape.enum and value not in shape.enum:
        invalid(value, at.rstrip("."), f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    _length(shape, value, at)
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value, re.DOTALL):
        invalid(value, at.rstrip("."), f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape, value, at):
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if len(value) < least:
        invalid(value, at.rstrip("."), f"Member must have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        invalid(value, at.rstrip("."), f"Member must have length less than or equal to {most}")


def invalid(value, at, constraint):
    raise ValidationException(
        f"1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {constraint}"
    )
