"""From where a request may come: for which hosts the portal answers, and whose forms it takes.

Both checks run before everything else, in addition to the CSRF token. Machines that watch the portal
or notify it of a sign-out reach it by other names; what they open is declared as `Access.PROBE`.
"""

from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import BadRequest

from webapp.http.guards import SAFE_METHODS, Access, access_of

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def install(app: Flask, portal_url: str) -> None:
    """Refuse (400) what is asked of another host, and what another site's page sends."""
    own_host = urlsplit(portal_url).hostname or ""

    @app.before_request
    def check() -> None:
        if request.endpoint and access_of(app, request.endpoint) is Access.PROBE:
            return
        if not is_own_host(request.host, own_host):
            raise BadRequest("another host")
        if request.method in SAFE_METHODS:
            return
        if is_foreign_form(request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site"), request.host):
            raise BadRequest("another site's form")


def is_own_host(host: str, own: str) -> bool:
    """Whether this `Host` means the portal: by the name in `PORTAL_URL`, or on the machine itself."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and (name == own or (own in LOOPBACK and name in LOOPBACK))


def is_foreign_form(origin: str | None, fetch_site: str | None, host: str) -> bool:
    """Whether the browser says that another site's page sends this; one that says nothing is trusted to the token.

    `Origin` by RFC 6454 section 7, `Sec-Fetch-Site` by Fetch Metadata; a TLS proxy may hide the scheme, so hosts
    are compared.
    """
    if origin is not None:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return True
        return parts.scheme not in {"http", "https"} or parts.netloc != host
    return fetch_site not in {None, "same-origin", "none"}
