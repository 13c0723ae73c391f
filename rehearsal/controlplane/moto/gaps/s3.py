"""S3: bucket policies are kept and given back, but do not decide.

moto judges a policy without its conditions, so a Deny of requests without TLS would lock out everybody: moto is reached by
plain HTTP. Permissions on objects are therefore not rehearsed.
"""

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from .patch import adds


@adds(FakeBucket)
def get_permission(self, action, resource):
    return PermissionResult.NEUTRAL
