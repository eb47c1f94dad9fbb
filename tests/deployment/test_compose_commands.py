"""The commands of the compose file, run outside containers: a real Keycloak, a real PostgreSQL."""

import re

import pytest
import requests
from sqlalchemy import create_engine, make_url, text

from sandbox.visitor import Visitor
from tests.deployment.compose import ROOT
from tests.deployment.conftest import PASSWORD, Deployed

pytestmark = [pytest.mark.keycloak, pytest.mark.postgres]


def test_first_administrator_gets_to_work(deployed: Deployed, administrator: str) -> None:
    """The provisioner's mail lets her in, and she creates an account: all that on PostgreSQL."""
    portal = deployed.portal_url
    visitor = Visitor()
    visitor.http.get(visitor.signs_in(f"{portal}/login", administrator, PASSWORD), timeout=30)
    page = visitor.http.get(f"{portal}/users", timeout=30)
    assert page.status_code == 200
    assert administrator in page.text

    form = visitor.http.get(f"{portal}/users/new", timeout=30)
    token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
    assert token
    answer = visitor.http.post(
        f"{portal}/users/new",
        data={
            "csrf_token": token.group(1),
            "email": "nouveau@exemple.example",
            "last_name": "Nouveau",
            "first_name": "Camille",
            "title": "m",
            "locale": "fr",
            "company-exemple-attached": "1",
            "company-exemple-role": "user",
            "company-exemple-affiliation": "internal",
            "confirm": "1",
        },
        timeout=30,
        allow_redirects=False,
    )
    assert answer.status_code == 303
    assert "nouveau@exemple.example" in visitor.http.get(f"{portal}/users", timeout=30).text
    assert deployed.link_to("nouveau@exemple.example")


def test_script_makes_keycloaks_database(postgres_url: str) -> None:
    """PostgreSQL takes it."""
    script = (ROOT / "docker" / "create-keycloak-database.sql").read_text(encoding="utf-8")
    bare = "".join(line for line in script.splitlines(keepends=True) if not line.startswith("--"))
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for statement in filter(str.strip, bare.split(";")):
            connection.execute(text(statement))
    keycloak = create_engine(make_url(postgres_url).set(database="keycloak"))
    with keycloak.connect() as connection:
        assert connection.execute(text("SELECT current_database()")).scalar_one() == "keycloak"
    server.dispose()
    keycloak.dispose()


def test_sample_service_knows_the_sign_in(deployed: Deployed) -> None:
    """Its public page is open, and private data lead to the sign-in."""
    answer = requests.get(f"{deployed.service_url}/companies/exemple/data", timeout=30, allow_redirects=False)
    assert answer.status_code == 302
