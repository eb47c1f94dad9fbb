"""What must be right before the portal serves anybody: its settings, its port, its tables."""

import errno
import os
import socket
from collections.abc import Iterable

from sqlalchemy.exc import SQLAlchemyError

from webapp.settings import Settings, WrongSettingsError, read_settings
from webapp.storage.database import Database, NotMigratedError

NUMBERS = {"PORTAL_PORT": (8000, 1, 65535), "PORTAL_WORKERS": (1, 1, 64), "PORTAL_THREADS": (32, 1, 512)}
"""What the server itself reads from the environment: the default, the least and the most."""
INHERITED = ("GUNICORN_FD", "LISTEN_FDS")
"""With one of these the server is given sockets that are already open."""


def number(name: str) -> int:
    """Return the server's setting of that name; its default when it is none, which `settings_at_start` reports."""
    default = NUMBERS[name][0]
    return default if _wrong_number(name) else int(os.environ.get(name) or default)


def settings_at_start(addresses: Iterable[object]) -> Settings:
    """Return the settings; `WrongSettingsError` names at once all that is missing or wrong."""
    problems = [f"{name}: {why}" for name in NUMBERS if (why := _wrong_number(name))]
    settings = None
    try:
        settings = read_settings()
    except WrongSettingsError as error:
        problems += error.problems
    if not any(name in os.environ for name in INHERITED):
        problems += [why for address in addresses if (why := _not_free(address))]
    if settings is not None and (why := _no_folder(settings)):
        problems.append(why)
    if problems or settings is None:
        raise WrongSettingsError(tuple(problems))
    return settings


def require_tables(settings: Settings) -> str:
    """Raise `NotMigratedError`, or return what else is wrong with the database, if anything."""
    database = Database(settings.database_url)
    try:
        database.check()
    except NotMigratedError:
        raise
    except SQLAlchemyError as error:
        return f"the database does not answer ({type(error).__name__})"
    finally:
        database.engine.dispose()
    return ""


def _wrong_number(name: str) -> str:
    default, least, most = NUMBERS[name]
    given = os.environ.get(name) or str(default)
    fits = given.isascii() and given.isdecimal() and least <= int(given) <= most
    return "" if fits else f"must be a whole number from {least} to {most}"


def _no_folder(settings: Settings) -> str:
    try:
        Database(settings.database_url).engine.dispose()
    except OSError as error:
        return f"DATABASE_URL: its folder cannot be made ({error.strerror})"
    except ImportError:
        return "DATABASE_URL: the library for this kind of database is not installed"
    return ""


def _not_free(address: object) -> str:
    """Why a server cannot listen there, as the settings call it; empty when it can, and for a socket of a file."""
    if not isinstance(address, tuple):
        return ""
    host, port = address[0], address[1]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"PORTAL_PORT: the port {port} is in use"
            if error.errno == errno.EACCES:
                return f"PORTAL_PORT: the port {port} is not for this user"
            return f"PORTAL_HOST: the portal cannot listen on {host} ({error.strerror})"
    return ""
