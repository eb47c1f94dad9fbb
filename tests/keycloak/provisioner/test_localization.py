"""Texts of the realm's own."""

from tests.keycloak.provisioner.checks import applied, planned, repaired, says
from tests.keycloak.provisioner.realms import TestRealm

TEXTS = {"fr": {"greeting": "Bonjour l’équipe", "a.b": "c"}, "en": {"greeting": "Hello"}}


def test_one_write_for_a_language_and_what_the_file_does_not_name_stays(realm: TestRealm):
    says(realm, localizationTexts=TEXTS)
    applied(realm)
    realm.admin.post("localization/fr", {"greeting": "Salut", "own": "x"}).raise_for_status()
    repaired(realm, "localization/fr", writes=1)
    assert realm.admin.get("localization/fr").json() == {**TEXTS["fr"], "own": "x"}
    realm.admin.post("localization/de", {"greeting": "Hallo"}).raise_for_status()
    says(realm, localizationTexts={"fr": {"greeting": "Bonjour"}})
    dropped = [("delete", "localization/fr#a.b"), ("delete", "localization/en")]
    assert planned(realm) == [("update", "localization/fr"), *dropped]
    applied(realm, prune=True)
    assert sorted(realm.admin.get("localization").json()) == ["de", "fr"]
