"""Somebody with a browser, without one: signs in to a portal process over HTTP, opens pages and sends forms."""

import re
from collections.abc import Mapping

import requests

from sandbox.visitor import Visitor

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PATIENCE = 60


class PortalVisitor:
    """At the portal of `address`, which may be another than the `site` that Keycloak knows it by."""

    def __init__(self, address: str, site: str = "") -> None:
        self._address = address
        self._site = site or address
        self._http = requests.Session()
        self._http.trust_env = False

    def sign_in(self, email: str, password: str) -> None:
        start = self._http.get(f"{self._address}/login", allow_redirects=False, timeout=PATIENCE)
        back = Visitor().signs_in(start.headers["Location"], email, password)
        assert back.startswith(self._site)
        ours = self._address + back.removeprefix(self._site)
        assert self._http.get(ours, allow_redirects=False, timeout=PATIENCE).status_code == 302

    def status(self, path: str) -> int:
        """The status of the answer."""
        return self._http.get(f"{self._address}{path}", allow_redirects=False, timeout=PATIENCE).status_code

    def page(self, path: str) -> str:
        answer = self._http.get(f"{self._address}{path}", allow_redirects=False, timeout=PATIENCE)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def posts(self, path: str, fields: Mapping[str, object]) -> int | None:
        """The status of the answer; none when the process died before it."""
        found = TOKEN.search(self.page("/users"))
        assert found
        data = {**fields, "csrf_token": found[1]}
        try:
            answer = self._http.post(f"{self._address}{path}", data=data, allow_redirects=False, timeout=PATIENCE)
        except requests.ConnectionError:
            return None
        return answer.status_code
