"""S3: bucket policies are stored and returned, but not enforced, except for the delivery of access logs.

moto evaluates a policy without its conditions. A Deny for requests without TLS would lock out everybody, because
moto is called over plain HTTP. So permissions on objects are not rehearsed.
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


# ---- reads only the requested part of an object: moto reads the whole object, so a file with an index at its end
# would be read again for each request


class _Part:
    """Has the content of an object; a part of it will be read."""

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
    # One range, such as "bytes=0-3"; for anything else moto returns the whole object.
    wanted = re.fullmatch(r"bytes=([0-9]+-[0-9]*|-[0-9]+)", request.headers.get("range", ""))
    _asked.part = request.method == "GET" and wanted is not None
    try:
        status, headers, content = original(self, request, *args, **kwargs)
    finally:
        _asked.part = False
    return status, headers, content[:] if isinstance(content, _Part) else content


FakeKey.value = _whole.getter(lambda key: _Part(key) if getattr(_asked, "part", False) else _whole.fget(key))


# ---- a conditional write is one step: moto checks first and writes later. S3 answers 409 during another write of the
# object, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. Here the first change in each
# bucket gets a 409, once, so that each rehearsal has one for every writer with conditions

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


# ---- a key whose versions end in a delete marker can be deleted permanently


@adds(FakeDeleteMarker)
def dispose(self):
    """There is nothing to release, because a marker has no content."""


# ---- versions are listed with encoded keys when requested,
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html: otherwise a key with a % could not be
# deleted


@wraps(S3Response)
def list_object_versions(original, self):
    status, headers, body = original(self)
    if self.querystring.get("encoding-type", [None])[0] == "url":
        text = body.decode() if isinstance(body, bytes) else body
        body = re.sub("<Key>(.*?)</Key>", lambda key: f"<Key>{quote(unescape(key[1]))}</Key>", text)
        if "<EncodingType>" not in body:  # it tells a client to decode the keys
            body = body.replace("</Name>", "</Name><EncodingType>url</EncodingType>", 1)
    return status, headers, body


# ---- a bucket accepts access logs when its policy allows them: moto reads only statements with single strings


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
