"""Signing in as a browser does, without one: the pages of Keycloak walked by hand."""

import base64
import hashlib
import html
import re
import secrets
from urllib.parse import parse_qs, urlsplit

import requests

VERIFIER = "a-verifier-that-is-long-enough-for-the-rules-of-pkce"


def authorization(realm, client_id: str, redirect_uri: str, **changed: str) -> requests.Response:
    """The answer to the request that begins a sign-in."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    query = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": secrets.token_hex(4),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **changed,
    }
    return requests.get(
        f"{realm.url}/realms/{realm.name}/protocol/openid-connect/auth",
        params={name: value for name, value in query.items() if value},
        allow_redirects=False,
        timeout=30,
    )


def sign_in(realm, client_id: str, secret: str, redirect_uri: str, email: str, password: str) -> dict:
    """The tokens of a sign-in with name and password."""
    page = authorization(realm, client_id, redirect_uri)
    action = html.unescape(re.search(r'<form[^>]*action="([^"]+)"', page.text)[1])
    # The cookies are `Secure`, which browsers send to localhost and a client like this one does not.
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.cookies)
    entered = requests.post(
        action,
        data={"username": email, "password": password},
        headers={"Cookie": cookies},
        allow_redirects=False,
        timeout=30,
    )
    (code,) = parse_qs(urlsplit(entered.headers["Location"]).query)["code"]
    answer = requests.post(
        f"{realm.url}/realms/{realm.name}/protocol/openid-connect/token",
        data={
            "grant_type": "authorization_code",
            "client_id": client_id,
            "client_secret": secret,
            "redirect_uri": redirect_uri,
            "code": code,
            "code_verifier": VERIFIER,
        },
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()
