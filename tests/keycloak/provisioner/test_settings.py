"""The realm's own settings as an export has them: no difference with the realm they were exported from."""

from typing import Any

import pytest

from provisioner.representation import REALM_SETTINGS
from tests.keycloak.provisioner.checks import applied, planned, repaired, says
from tests.keycloak.provisioner.realms import TestRealm

OTHER: dict[str, Any] = {
    "displayName": "Somebody’s",
    "eventsEnabled": True,
    "eventsListeners": ["jboss-logging", "email"],
    "enabledEventTypes": ["LOGOUT", "LOGIN", "REGISTER"],
    "eventsExpiration": 3600,
    "adminEventsEnabled": True,
    "adminEventsDetailsEnabled": True,
    "internationalizationEnabled": True,
    "supportedLocales": ["fr", "en"],
    "defaultLocale": "fr",
    "passwordPolicy": "length(12) and notUsername(undefined)",
    "otpPolicyType": "hotp",
    "otpPolicyAlgorithm": "HmacSHA256",
    "otpPolicyDigits": 8,
    "otpPolicyInitialCounter": 3,
    "otpPolicyCodeReusable": True,
    "webAuthnPolicyRpEntityName": "portal",
    "webAuthnPolicySignatureAlgorithms": ["RS256", "ES256"],
    "webAuthnPolicyAcceptableAaguids": [],
    "webAuthnPolicyExtraOrigins": ["https://a.example"],
    "webAuthnPolicyUserVerificationRequirement": "required",
    "webAuthnPolicyPasswordlessPasskeysEnabled": True,
    "webAuthnPolicyPasswordlessResidentKey": "required",
    "browserSecurityHeaders": {"xFrameOptions": "DENY", "contentSecurityPolicyReportOnly": ""},
    "bruteForceProtected": True,
    "bruteForceStrategy": "LINEAR",
    "smtpServer": {"host": "mail.example", "port": 25, "ssl": False, "starttls": "", "from": "a@a.example"},
    "attributes": {"acr.loa.map": '{"gold":"2"}', "own": "x", "empty": "", "cibaExpiresIn": 90},
}


@pytest.fixture
def made(realm: TestRealm) -> TestRealm:
    says(realm, **OTHER)
    applied(realm)
    return realm


def exported(realm: TestRealm) -> dict[str, Any]:
    found = realm.admin.post("partial-export").json()
    return {key: value for key, value in found.items() if key in REALM_SETTINGS}


def test_an_export_is_no_difference(made: TestRealm):
    told = exported(made)
    told["eventsListeners"].reverse()
    told["enabledEventTypes"].reverse()
    says(made, **told)
    assert planned(made) == []


def test_all_event_types_are_an_empty_list(made: TestRealm):
    says(made, **{**OTHER, "enabledEventTypes": [], "eventsListeners": []})
    repaired(made, f"realm/{made.name}", writes=1)
    assert made.admin.get("").json()["enabledEventTypes"] == []


@pytest.mark.parametrize(
    "by_hand",
    [
        {"enabledEventTypes": ["LOGIN"]},
        {"eventsListeners": ["jboss-logging"]},
        {"browserSecurityHeaders": {"xFrameOptions": "SAMEORIGIN"}},
        {"webAuthnPolicyUserVerificationRequirement": "discouraged", "otpPolicyDigits": 6},
        {"attributes": {"acr.loa.map": "{}"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_by_hand_is_seen(shared: TestRealm, by_hand):
    present = shared.admin.get("").json()
    for key, value in by_hand.items():
        present[key] = {**present[key], **value} if isinstance(value, dict) else value
    shared.admin.put("", present).raise_for_status()
    repaired(shared, f"realm/{shared.name}", writes=1)


@pytest.fixture(scope="module")
def shared(server_url, mail, tmp_path_factory):
    realm = TestRealm(server_url, mail.smtp_port, tmp_path_factory.mktemp("settings"))
    says(realm, **OTHER)
    assert realm.apply().complete
    yield realm
    realm.drop()
