"""The provisioner's API as the tests use it: one connection for all of them, and realms whose keys are given.

Making the two RSA keys of a new realm takes Keycloak 0.4 s of the 0.6 s for the whole realm (measured), and a
connection of python-keycloak reads the system's certificates twice, 0.1 s, before its first token.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from keycloak import KeycloakOpenIDConnection
from requests import Response

from provisioner.errors import ServerError
from provisioner.model.state import Json
from provisioner.server.calls import KeycloakApi
from provisioner.settings import Connection

KEYS = "org.keycloak.keys.KeyProvider"


class QuickApi(KeycloakApi):
    """As the provisioner's own, for a test that does not look at its sign-in."""

    gives_keys = True
    """False where the test looks at the keys of its realm: Keycloak makes them."""

    @property
    def _wire(self) -> KeycloakOpenIDConnection:  # type: ignore[override]
        return _shared(self._connection)

    def _answer(self, wire: KeycloakOpenIDConnection, method: str, *args: Any, **options: Any) -> Response:
        """A read that Keycloak answers with 500 is repeated once, as in `tests.administrator.ask`."""
        try:
            return super()._answer(wire, method, *args, **options)
        except ServerError as error:
            if method != "GET" or ": 500" not in str(error):
                raise
        return super()._answer(wire, method, *args, **options)

    def create_realm(self, body: Json) -> None:
        super().create_realm(with_keys(body) if self.gives_keys else body)


@cache
def _shared(connection: Connection) -> KeycloakOpenIDConnection:
    return KeycloakApi("master", connection)._wire


def with_keys(realm: Json) -> Json:
    """The realm with keys of these tests, unless it brings keys of its own."""
    components = realm.get("components") or {}
    if KEYS in components or "privateKey" in realm:
        return realm
    return {**realm, "components": {**components, KEYS: _providers()}}


@cache
def _providers() -> list[dict[str, Any]]:
    """One provider for each of those that Keycloak puts into a new realm, under the same names."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pair = {
        "privateKey": _bare(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())),
        "certificate": _bare(certificate.public_bytes(Encoding.PEM)),
    }
    return [
        _provider("rsa-generated", "rsa", keyUse="SIG", **pair),
        _provider("rsa-enc-generated", "rsa-enc", algorithm="RSA-OAEP", **pair),
        _provider("hmac-generated-hs512", "hmac-generated", algorithm="HS512"),
        _provider("aes-generated", "aes-generated"),
    ]


def _provider(name: str, provider: str, **settings: str) -> dict[str, Any]:
    config = {key: [value] for key, value in {"priority": "100", **settings}.items()}
    return {"name": name, "providerId": provider, "config": config}


def _bare(pem: bytes) -> str:
    """The base64 between the lines of a PEM file, as Keycloak keeps it."""
    return "".join(pem.decode().splitlines()[1:-1])
