"""The objects of a new realm are those of `server/baseline.json`, so what people made can be told apart."""

from provisioner.server import baseline
from tests.keycloak.provisioner.baseline import fresh


def test_a_new_realm_is_the_baseline(server_url: str):
    """When Keycloak is upgraded: `make baseline`, and read the difference."""
    assert fresh(server_url).splitlines() == baseline.FILE.read_text(encoding="utf-8").splitlines()
