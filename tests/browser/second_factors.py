"""An application of codes and a device with passkeys, as people have them beside their browser."""

import base64
import hmac
import re
import time

from tests.browser.people import Person

PERIOD = 30


def code_of(secret: str, used: set[int]) -> str:
    """The code of this half minute, of the next when this one was used (Keycloak takes each once)."""
    count = int(time.time()) // PERIOD
    while count in used:
        count += 1
    used.add(count)
    digest = hmac.digest(base64.b32decode(secret), count.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def sets_up_codes(person: Person, used: set[int], device: str = "Téléphone") -> str:
    """On Keycloak's page, with the picture of the secret or with its letters; the secret."""
    if person.page.locator("#mode-manual").count():
        person.page.click("#mode-manual")
    secret = re.sub(r"\s", "", person.page.inner_text("#kc-totp-secret-key"))
    secret += "=" * (-len(secret) % 8)
    person.page.fill("#totp", code_of(secret, used))
    person.page.fill("#userLabel", device)
    person.page.click("#saveTOTPBtn")
    return secret


class Device:
    """A device in the browser that makes passkeys and says yes to everything."""

    def __init__(self, person: Person) -> None:
        self._wire = person.page.context.new_cdp_session(person.page)
        self._wire.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._id = self._wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def forges(self, forges: bool) -> None:
        """Sign with a key that is not the passkey's."""
        bits = {"authenticatorId": self._id, "isBogusSignature": forges}
        self._wire.send("WebAuthn.setResponseOverrideBits", bits)


def signs_out(person: Person) -> None:
    person.opens("/profile")
    person.page.locator("form[action='/logout'] button").click()
    person.page.wait_for_url(f"{person.stack.portal_url}/")
