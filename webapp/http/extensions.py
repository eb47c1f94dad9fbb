"""Extensions of Flask, created bare and bound to an application by `webapp.app.create_app`."""

from flask import current_app, g, request
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect, validate_csrf
from wtforms import ValidationError


class _CSRFProtect(CSRFProtect):  # type: ignore[misc]
    """Takes tokens that were signed with the key before this one too, as Flask does for its own cookies."""

    def protect(self, apply_exemptions: bool = False) -> None:
        if request.method in current_app.config["WTF_CSRF_METHODS"] and self._was_signed_before():
            g.csrf_valid = True
            return
        super().protect(apply_exemptions)

    def _was_signed_before(self) -> bool:
        for key in current_app.config["SECRET_KEY_FALLBACKS"]:
            try:
                validate_csrf(self._get_csrf_token(), key)
            except ValidationError:
                continue
            return True
        return False


csrf = _CSRFProtect()
babel = Babel()
