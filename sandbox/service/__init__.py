"""A sample service: a relying party of its own, to see single sign-on and rights at work.

It knows nothing of the portal. What a person may see comes from the claim `attachments` of Keycloak's tokens
alone, read anew at least once a minute.
"""
