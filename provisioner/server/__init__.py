"""Keycloak: calls of the admin REST API, the lock of a realm, the content of a new realm."""
