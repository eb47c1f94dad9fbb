"""The directory on a real Keycloak, by resource: `directory.KeycloakDirectory` puts the parts together."""
