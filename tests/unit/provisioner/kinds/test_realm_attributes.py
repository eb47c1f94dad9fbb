"""Settings of a realm that are among its attributes."""

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
def test_attributes_are_converted_into_settings(attribute, expected):
    assert with_settings({"attributes": attribute}) == {"attributes": {}, **expected}


def test_a_setting_takes_precedence_over_its_attribute():
    settings = {"failureFactor": 3, "browserSecurityHeaders": {"xFrameOptions": "DENY"}}
    twice = {"failureFactor": "30", "_browser_header.xFrameOptions": "SAMEORIGIN"}
    assert with_settings({**settings, "attributes": twice}) == {**settings, "attributes": {}}
    assert with_settings(settings) == settings
