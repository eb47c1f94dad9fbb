"""Keycloak's own pages and mails, as people see them."""
