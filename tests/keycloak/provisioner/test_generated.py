"""Realm files drawn at random lead to one realm, by Keycloak's import and by an apply."""

import json
import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from provisioner.model.state import Json
from tests.keycloak.provisioner.generated import realm_files
from tests.keycloak.provisioner.imported import Foreign, content_of, differences

EXAMPLES = int(os.environ.get("GENERATED_REALMS", "20"))
"""How many files; `make test-generated` draws 200 others each time."""
pytestmark = pytest.mark.timeout(EXAMPLES * 60)
drawn = settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@drawn
@given(content=realm_files())
def test_after_an_import_a_plan_is_empty(content: Json, foreign: Foreign):
    """With the file, and with an export of the realm that the import made."""
    realm = foreign(json.dumps(content, ensure_ascii=False), ".json")
    realm.import_by_keycloak(content_of(realm.file))
    assert differences(realm.plan()) == []
    assert differences(realm.plan_after_export()) == []
    realm.drop()


@drawn
@given(content=realm_files())
def test_after_an_apply_a_plan_is_empty(content: Json, foreign: Foreign):
    realm = foreign(json.dumps(content, ensure_ascii=False), ".json")
    outcome = realm.apply()
    assert outcome.complete, (str(outcome.error), str(outcome.failed))
    assert realm.plan().changes == ()
    realm.drop()
