"""No secret in anything that a run prints or leaves behind, of any kind that has secrets."""

from pathlib import Path

from tests.keycloak.provisioner.realms import TestRealm

SECRETS = {
    "CLIENT_SECRET_OF_TEST": "s3cret-of-the-client",
    "SMTP_PASSWORD_OF_TEST": "s3cret-of-the-mail-server",
    "IDP_SECRET_OF_TEST": "s3cret-of-the-provider",
    "USER_PASSWORD_OF_TEST": "s3cret-of-the-user",
}
ROTATED = {name: f"rotated-{value}" for name, value in SECRETS.items()}


def content(realm: TestRealm) -> dict:
    return {
        "realm": realm.name,
        "enabled": True,
        "smtpServer": {
            "host": "localhost",
            "from": "a@b.example",
            "auth": "true",
            "user": "portal",
            "password": "${SMTP_PASSWORD_OF_TEST}",
        },
        "clients": [
            {"clientId": "service", "secret": "${CLIENT_SECRET_OF_TEST}"},
            {"clientId": "plain", "secret": "s3cret-spelled-out"},
        ],
        "identityProviders": [
            {
                "alias": "partner",
                "providerId": "oidc",
                "config": {
                    "clientId": "portal",
                    "clientSecret": "${IDP_SECRET_OF_TEST}",
                    "authorizationUrl": "https://partner.example/auth",
                    "tokenUrl": "https://partner.example/token",
                },
            }
        ],
        "users": [
            {
                "username": "oscar",
                "email": "oscar@portal.example",
                "enabled": True,
                "credentials": [{"type": "password", "value": "${USER_PASSWORD_OF_TEST}"}],
            }
        ],
    }


def test_nothing_that_is_printed_or_written_has_one(realm: TestRealm, tmp_path: Path):
    realm.content = content(realm)
    realm.write()
    folder, saved = str(realm.folder / "realm.json"), tmp_path / "plan.json"
    left = []

    def run(*arguments: str, expect: int) -> None:
        ended = realm.command(*arguments)
        left.append(ended.stdout + ended.stderr)
        assert ended.returncode == expect, left[-1]

    for values in (SECRETS, ROTATED):
        realm.environment.update(values)
        run("validate", folder, expect=0)
        run("plan", folder, "--out", str(saved), expect=2)
        left.append(saved.read_text(encoding="utf-8"))
        run("plan", folder, "--json", expect=2)
        run("plan", folder, "--markdown", expect=2)
        run("apply", str(saved), "--yes", expect=0)
        run("drift", folder, expect=0)
    run("--keycloak-realm", realm.name, "export", str(tmp_path / "out"), expect=0)
    left += [path.read_text(encoding="utf-8") for path in (tmp_path / "out").rglob("*.*") if path.is_file()]

    for text in left:
        assert "s3cret" not in text, text
    client = realm.admin.get("clients", clientId="service").json()[0]
    assert client["secret"] == ROTATED["CLIENT_SECRET_OF_TEST"]
    plain = realm.admin.get("clients", clientId="plain").json()[0]
    assert plain["secret"] == "s3cret-spelled-out"
