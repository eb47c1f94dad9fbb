"""The shared kernel: who a person is, what an attachment is, and how Keycloak stores both."""
