"""Signing in to the portal of this process: its own routes, and Keycloak's pages by plain HTTP."""

import re

from flask import Flask

from sandbox.visitor import Visitor

PASSWORD = "of-these-tests-2026"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def sign_in(app: Flask, site: str, email: str = "") -> tuple[str, str]:
    """The cookie of a new session, and a token of it; nobody's when no address is named."""
    client = app.test_client()
    if email:
        start = client.get("/login", base_url=site)
        back = Visitor().signs_in(start.headers["Location"], email, PASSWORD)
        assert client.get(back.removeprefix(site), base_url=site).status_code == 302
    page = client.get("/nothing-here", base_url=site).get_data(as_text=True)
    found = TOKEN.search(page)
    cookie = client.get_cookie("attache", domain=site.removeprefix("http://").partition(":")[0])
    assert found
    assert cookie
    return cookie.value, found[1]
