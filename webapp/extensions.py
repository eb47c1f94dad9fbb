"""Extensions of Flask, created bare and bound to an application by `webapp.app.create_app`."""

from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()
babel = Babel()
