"""What a WSGI server loads: the portal as its environment describes it."""

from webapp.app import create_app
from webapp.settings import Settings

app = create_app(Settings())
