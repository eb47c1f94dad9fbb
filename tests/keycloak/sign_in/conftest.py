"""The realm of the provisioner's tests, for relying parties that sign people in with it."""

from tests.keycloak.provisioner.conftest import mail, shared_realm

__all__ = ["mail", "shared_realm"]
