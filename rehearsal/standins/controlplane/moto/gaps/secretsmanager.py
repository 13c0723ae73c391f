"""Secrets Manager: stores a rotation's settings and the version that it fills; the steps run outside of moto.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
"""

import time

from moto.secretsmanager.exceptions import InvalidRequestException, SecretNotFoundException
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from .patch import adds, wraps


@adds(SecretsManagerBackend)
def rotate_secret(
    self, secret_id, client_request_token=None, rotation_lambda_arn=None, rotation_rules=None, rotate_immediately=True
):
    """A new AWSPENDING version: empty, or a copy of the current one for a test of the settings."""
    if not self._is_valid_identifier(secret_id):
        raise SecretNotFoundException()
    secret = self.secrets[secret_id]
    if secret.is_deleted():
        raise InvalidRequestException("You can't perform this operation on the secret because it was marked for deletion.")
    secret.rotation_lambda_arn = rotation_lambda_arn or secret.rotation_lambda_arn
    if not secret.rotation_lambda_arn:
        raise InvalidRequestException(
            "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured "
            "and you didn't include such an ARN as a parameter in this call."
        )
    token = self._from_client_request_token(client_request_token)
    version = {"createdate": int(time.time()), "version_id": token, "version_stages": ["AWSPENDING"]}
    if not rotate_immediately:
        now = secret.versions[secret.default_version_id]
        version.update({key: now[key] for key in ("secret_string", "secret_binary") if key in now})
    secret.remove_version_stages_from_old_versions(["AWSPENDING"])
    secret.versions[token] = version
    secret.rotation_requested = secret.rotation_enabled = True
    if rotation_rules:
        secret.rotation_rules = rotation_rules
        secret.next_rotation_date = int(time.time()) + 86400 * rotation_rules.get("AutomaticallyAfterDays", 0)
    return secret.to_short_dict(version_id=token)


@wraps(SecretsManagerBackend)
def update_secret_version_stage(original, self, secret_id, version_stage, remove_from_version_id, move_to_version_id):
    answer = original(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
    if version_stage == "AWSCURRENT" and move_to_version_id:
        secret = self.secrets[secret_id]
        secret.default_version_id = move_to_version_id
        if secret.rotation_enabled:
            secret.last_rotation_date = int(time.time())
    return answer


@wraps(FakeSecret)
def to_dict(original, self):
    described = original(self)
    if "RotationRules" in described:
        described["RotationRules"] = getattr(self, "rotation_rules", {})
    return described


@wraps(FakeSecret)
def _form_version_ids_to_stages(original, self):
    """Versions without a stage are not listed."""
    return {version: stages for version, stages in original(self).items() if stages}
