"""S3: bucket policies are kept and given back, but do not decide, except about the delivery of access logs.

moto judges a policy without its conditions, so a Deny of requests without TLS would lock out everybody: moto is reached by
plain HTTP. Permissions on objects are therefore not rehearsed.
"""

import fnmatch
import json
import re
import threading
from urllib.parse import quote
from xml.sax.saxutils import unescape

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey
from moto.s3.responses import S3Response

from .patch import adds, wraps


@adds(FakeBucket)
def get_permission(self, action, resource):
    return PermissionResult.NEUTRAL


# ---- a part of an object is read alone: moto reads all of it, so that a file with an index at its end costs as often as it is asked for


class _Part:
    """The content of an object of which a part will be taken."""

    def __init__(self, key):
        self._key = key

    def __len__(self):
        return self._key.contentsize

    def __getitem__(self, part):
        begin, end, _ = part.indices(len(self))
        with self._key.lock:
            self._key._value_buffer.seek(begin)
            return self._key._value_buffer.read(end - begin)


_asked = threading.local()
_whole = FakeKey.value


@wraps(S3Response)
def key_response(original, self, request, *args, **kwargs):
    # One part, as in "bytes=0-3"; for anything else moto gives the whole object.
    wanted = re.fullmatch(r"bytes=([0-9]+-[0-9]*|-[0-9]+)", request.headers.get("range", ""))
    _asked.part = request.method == "GET" and wanted is not None
    try:
        status, headers, content = original(self, request, *args, **kwargs)
    finally:
        _asked.part = False
    return status, headers, content[:] if isinstance(content, _Part) else content


FakeKey.value = _whole.getter(lambda key: _Part(key) if getattr(_asked, "part", False) else _whole.fget(key))


# ---- a write on a condition is one step: moto looks, and writes later. S3 answers 409 when another write of the object is under way,
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html; here it does at the first change of each bucket, and
# never again, so that whoever changes objects on a condition meets one in each rehearsal

_one_at_a_time = threading.Lock()
_has_answered_409 = set()


@wraps(S3Response)
def put_object(original, self):
    if not (self.headers.get("If-Match") or self.headers.get("If-None-Match")):
        return original(self)
    with _one_at_a_time:
        if self.headers.get("If-Match") and self.bucket_name not in _has_answered_409:
            _has_answered_409.add(self.bucket_name)
            return 409, {}, "<Error><Code>ConditionalRequestConflict</Code><Message>Another write is under way.</Message></Error>"
        return original(self)


# ---- a key whose versions end in a delete marker can be deleted for good


@adds(FakeDeleteMarker)
def dispose(self):
    """There is nothing to let go of: a marker has no content."""


# ---- versions are listed with their keys encoded when that is asked for,
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html: a key with a % in it could not be deleted


@wraps(S3Response)
def list_object_versions(original, self):
    status, headers, body = original(self)
    if self.querystring.get("encoding-type", [None])[0] == "url":
        text = body.decode() if isinstance(body, bytes) else body
        body = re.sub("<Key>(.*?)</Key>", lambda key: f"<Key>{quote(unescape(key[1]))}</Key>", text)
        if "<EncodingType>" not in body:  # by which a client knows that it has to decode them
            body = body.replace("</Name>", "</Name><EncodingType>url</EncodingType>", 1)
    return status, headers, body


# ---- a bucket takes access logs when its policy admits them: moto reads statements of single strings only


def admits_logs(target_bucket, target_prefix):
    if not target_bucket.policy:
        return False
    key = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
    return any(_admits(statement, key) for statement in json.loads(target_bucket.policy)["Statement"])


def _admits(statement, key):
    principal = statement.get("Principal")
    services = _list(principal.get("Service")) if isinstance(principal, dict) else []
    return (
        statement["Effect"] == "Allow"
        and "logging.s3.amazonaws.com" in services
        and "s3:PutObject" in _list(statement.get("Action"))
        and any(fnmatch.fnmatchcase(key, pattern) for pattern in _list(statement.get("Resource")))
    )


def _list(value):
    return value if isinstance(value, list) else [value]


FakeBucket._log_permissions_enabled_policy = staticmethod(admits_logs)
