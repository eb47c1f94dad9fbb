"""What a WSGI server loads: the portal as its environment describes it."""

from flask.cli import NoAppException

from webapp.app import create_app
from webapp.settings import WrongSettingsError, read_settings

try:
    app = create_app(read_settings())
except WrongSettingsError as error:
    # Flask's command line shows its words without a stack trace, and ends with status 2.
    raise NoAppException("\n".join(["the portal's settings are not complete:", *error.problems])) from error
