"""The names of all kinds of resources."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """All kinds, in the order in which changes are made; deletions are made in the reverse order."""

    REALM = "realm"
    LOCALIZATION = "localization"
    USER_PROFILE = "user-profile"
    REQUIRED_ACTION = "required-action"
    FLOW = "flow"
    REALM_BINDING = "realm-binding"
    CLIENT_SCOPE = "client-scope"
    CLIENT_SCOPE_MAPPER = "client-scope-mapper"
    REALM_DEFAULT_SCOPE = "realm-default-scope"
    IDENTITY_PROVIDER = "identity-provider"
    IDENTITY_PROVIDER_MAPPER = "identity-provider-mapper"
    CLIENT = "client"
    CLIENT_MAPPER = "client-mapper"
    ASSIGNED_SCOPE = "assigned-scope"
    ROLE = "role"
    COMPOSITE = "composite"
    SCOPE_MAPPING = "scope-mapping"
    CLIENT_PROFILE = "client-profile"
    CLIENT_POLICY = "client-policy"
    GROUP = "group"
    COMPANY = "company"
    COMPANY_SUBGROUP = "company-subgroup"
    DEFAULT_GROUP = "default-group"
    COMPONENT = "component"
    ORGANIZATION = "organization"
    ORGANIZATION_IDENTITY_PROVIDER = "organization-identity-provider"
    USER = "user"
    FEDERATED_IDENTITY = "federated-identity"
    ORGANIZATION_MEMBER = "organization-member"
    ROLE_MAPPING = "role-mapping"
    PERSON = "person"
    ADMINISTRATOR = "administrator"
    AUTHORIZATION = "authorization"
    AUTHORIZATION_SCOPE = "authorization-scope"
    AUTHORIZATION_RESOURCE = "authorization-resource"
    POLICY = "policy"
    PERMISSION = "permission"
    ACTIVATION_MAIL = "activation-mail"


ORDER: Mapping[str, int] = {kind: position for position, kind in enumerate(Kind)}
