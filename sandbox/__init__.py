"""What makes a fresh machine enough: runs Keycloak, catches mail, serves a sample service, composes the demo."""
