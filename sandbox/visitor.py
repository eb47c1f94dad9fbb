"""A person's browser without a browser: goes through Keycloak's pages by plain HTTP.

Keycloak's cookies are `Secure` even over http; browsers send them to `localhost`, plain clients do not, so this
one is told to.
"""

from __future__ import annotations

import html
import re
from http.cookiejar import Cookie
from typing import Any

import requests
from requests.cookies import RequestsCookieJar

_FORM = re.compile(r'<form[^>]*\baction="([^"]+)"', re.IGNORECASE)
_LINK = re.compile(r'<a[^>]*\bhref="(https?://[^"]+/login-actions/[^"]+)"', re.IGNORECASE)
"""The way on; those to the page in another language name no host."""
TIMEOUT = 30


class _LikeABrowser(RequestsCookieJar):
    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> Any:
        cookie.secure = False
        return super().set_cookie(cookie, *args, **kwargs)


class Visitor:
    """Somebody with cookies of his own."""

    def __init__(self) -> None:
        self.http = requests.Session()
        self.http.cookies = _LikeABrowser()

    def signs_in(self, address: str, email: str, password: str) -> str:
        """Type e-mail and password where `address` leads; the address that Keycloak then sends the browser to."""
        page = self.http.get(address, timeout=TIMEOUT)
        answer = self.http.post(
            _form(page), data={"username": email, "password": password}, timeout=TIMEOUT, allow_redirects=False
        )
        if answer.status_code not in (302, 303):
            raise PermissionError(f"Keycloak did not sign {email} in ({answer.status_code})")
        return answer.headers["Location"]

    def activates(self, link: str, password: str) -> bool:
        """Follow the link of an activation mail and choose a password; whether there was one to choose."""
        page = self.http.get(link, timeout=TIMEOUT)
        if further := _LINK.search(page.text):
            page = self.http.get(html.unescape(further.group(1)), timeout=TIMEOUT)
        if "password-new" not in page.text:
            return False
        fields = {"password-new": password, "password-confirm": password}
        self.http.post(_form(page), data=fields, timeout=TIMEOUT).raise_for_status()
        return True


def _form(page: requests.Response) -> str:
    found = _FORM.search(page.text)
    if found is None:
        raise PermissionError(f"Keycloak shows no form ({page.status_code})")
    return html.unescape(found.group(1))
