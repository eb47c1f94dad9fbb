"""What must be right before the portal serves anybody: its settings, its port, its tables."""

import errno
import socket
from collections.abc import Iterable

from sqlalchemy.exc import SQLAlchemyError

from webapp.settings import (
    Settings,
    WrongSettingsError,
    read_settings,
    sockets_are_inherited,
    wrong_server_numbers,
)
from webapp.storage.database import Database, NotMigratedError


def settings_at_start(addresses: Iterable[object]) -> Settings:
    """Return the settings; `WrongSettingsError` names at once all that is missing or wrong."""
    problems = wrong_server_numbers()
    settings = None
    try:
        settings = read_settings()
    except WrongSettingsError as error:
        problems += error.problems
    if not sockets_are_inherited():
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
