"""Settings of a realm that stand among its attributes."""

import pytest

from provisioner.kinds.realm_attributes import with_settings


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ({"own": "x"}, {"attributes": {"own": "x"}}),
        ({"bruteForceProtected": "true"}, {"bruteForceProtected": "true"}),
        ({"_browser_header.xFrameOptions": "DENY"}, {"browserSecurityHeaders": {"xFrameOptions": "DENY"}}),
        ({"webAuthnPolicyRpIdPasswordless": "x"}, {"webAuthnPolicyPasswordlessRpId": "x"}),
        (
            {"webAuthnPolicySignatureAlgorithms": "RS256,ES256"},
            {"webAuthnPolicySignatureAlgorithms": ["RS256", "ES256"]},
        ),
        ({"realmReusableOtpCode": "true"}, {"otpPolicyCodeReusable": "true"}),
        ({"firstBrokerLoginFlowId": "1"}, {}),
    ],
)
def test_they_are_said_as_settings(attribute, expected):
    assert with_settings({"attributes": attribute}) == {"attributes": {}, **expected}


def test_what_is_said_as_a_setting_wins():
    said = {"failureFactor": 3, "browserSecurityHeaders": {"xFrameOptions": "DENY"}}
    twice = {"failureFactor": "30", "_browser_header.xFrameOptions": "SAMEORIGIN"}
    assert with_settings({**said, "attributes": twice}) == {**said, "attributes": {}}
    assert with_settings(said) == said
