"""Required actions: those that Keycloak registers, those that it only offers, those that it does not know."""

from tests.keycloak.provisioner.checks import applied, planned, reasons, repaired, says
from tests.keycloak.provisioner.realms import TestRealm

PASSWORD = {
    "alias": "UPDATE_PASSWORD",
    "name": "A new password",
    "providerId": "UPDATE_PASSWORD",
    "enabled": True,
    "defaultAction": True,
    "priority": 5,
    "config": {"max_auth_age": "100"},
}


def action(realm: TestRealm, alias: str) -> dict:
    return realm.admin.get(f"authentication/required-actions/{alias}").json()


def test_one_write_and_then_none(realm: TestRealm):
    says(realm)
    applied(realm)
    says(realm, requiredActions=[PASSWORD])
    repaired(realm, "required-action/UPDATE_PASSWORD", writes=2)  # the other notes the key that is ours now
    applied(realm)
    assert action(realm, "UPDATE_PASSWORD") == PASSWORD


def test_a_change_by_hand_is_seen_and_what_the_file_does_not_name_is_kept(realm: TestRealm):
    says(realm, requiredActions=[{"alias": "CONFIGURE_TOTP", "enabled": False}])
    applied(realm)
    present = action(realm, "CONFIGURE_TOTP")
    changed = {**present, "enabled": True, "priority": 7, "config": {"add-recovery-codes": "true"}}
    realm.admin.put("authentication/required-actions/CONFIGURE_TOTP", changed)
    repaired(realm, "required-action/CONFIGURE_TOTP", writes=1)
    after = action(realm, "CONFIGURE_TOTP")
    assert after == {**changed, "enabled": False}


def test_one_that_is_not_registered_is_registered_and_stays_keycloak_s(realm: TestRealm):
    """Every realm has it: what an apply put back is not the apply's."""
    says(realm)
    applied(realm)
    realm.admin.delete("authentication/required-actions/UPDATE_PASSWORD")
    says(realm, requiredActions=[PASSWORD])
    applied(realm)
    assert action(realm, "UPDATE_PASSWORD") == PASSWORD
    says(realm, requiredActions=[])
    assert planned(realm) == []
    applied(realm, prune=True)
    assert action(realm, "UPDATE_PASSWORD") == PASSWORD


def test_an_old_name_means_todays(realm: TestRealm):
    """As Keycloak's own import has it."""
    old = {"alias": "terms_and_conditions", "providerId": "terms_and_conditions", "enabled": True}
    says(realm, requiredActions=[old])
    applied(realm)
    assert action(realm, "TERMS_AND_CONDITIONS")["enabled"]


def test_one_that_the_server_does_not_offer_is_refused(realm: TestRealm):
    says(realm)
    applied(realm)
    says(realm, requiredActions=[{"alias": "count_to_ten"}])
    reason = "the server has no required action count_to_ten"
    assert reasons(realm) == {"required-action/count_to_ten": reason}
