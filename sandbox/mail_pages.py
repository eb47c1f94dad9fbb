"""The caught mails for a person (`/`) and for programs (`/api/messages`)."""

from __future__ import annotations

from flask import Flask, Response, abort, jsonify, render_template

from sandbox.mail_store import Mail, MailStore

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
)
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""A mail's own HTML runs no script, loads nothing, and has no rights of this page; its links open in a new tab."""


def create_app(store: MailStore) -> Flask:
    """The pages over one store."""
    app = Flask(__name__)
    app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1"]

    @app.get("/")
    def index() -> str:
        return render_template("mail/index.html", mails=store.all())

    @app.get("/messages/<mail_id>")
    def show(mail_id: str) -> str:
        return render_template("mail/show.html", mail=_found(store, mail_id))

    @app.get("/messages/<mail_id>/html")
    def show_html(mail_id: str) -> Response:
        content = '<!doctype html><base target="_blank">' + _found(store, mail_id).html
        return Response(content, mimetype="text/html", headers={"Content-Security-Policy": MAIL_POLICY})

    @app.get("/api/messages")
    def api_list() -> Response:
        return jsonify([mail.as_json() for mail in store.all()])

    @app.get("/api/messages/<mail_id>")
    def api_show(mail_id: str) -> Response:
        return jsonify(_found(store, mail_id).as_json())

    @app.delete("/api/messages")
    def api_clear() -> tuple[str, int]:
        store.clear()
        return "", 204

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"  # a link in a mail is a secret
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def _found(store: MailStore, mail_id: str) -> Mail:
    mail = store.get(mail_id)
    if mail is None:
        abort(404)
    return mail
