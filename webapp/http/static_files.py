"""The static files as they are served: compressed, at addresses that change whenever one of them changes.

The hash of all files is in the path, before the names: so the addresses inside style sheets, which are relative,
have it too, and a browser may keep each file for good.
"""

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

YEAR = 365 * 24 * 60 * 60
"""Seconds for which a browser keeps a file."""
PREFIX = "/static"
FOLDER = Path(__file__).parents[1] / "static"


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """A copy of the files with a `.gz` for each that gets smaller, and the path under which they are served."""

    copy: Path
    path: str


@cache
def prepared() -> StaticFiles:
    """Copy and compress the files, once in this process; the copy goes when the process ends."""
    copy = Path(tempfile.mkdtemp(prefix="attache-static-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    shutil.copytree(FOLDER, copy, dirs_exist_ok=True)
    files, compressor, content = sorted(filter(Path.is_file, copy.rglob("*"))), Compressor(quiet=True), sha256()
    for file in files:
        content.update(f"{file.relative_to(copy).as_posix()}\0{file.stat().st_size}\0".encode())
        content.update(file.read_bytes())
        if compressor.should_compress(file.name):
            compressor.compress(str(file))
    return StaticFiles(copy, f"{PREFIX}/{content.hexdigest()[:12]}")


class _Server(WhiteNoise):  # type: ignore[misc]
    FOREVER = YEAR

    def immutable_file_test(self, _path: str, _url: str) -> bool:
        return True


def install(app: Flask) -> None:
    """Serve the files before the application is asked; it was made with `static_url_path=prepared().path`."""
    files = prepared()
    app.wsgi_app = _Server(  # type: ignore[method-assign]
        app.wsgi_app, root=files.copy, prefix=files.path, add_headers_function=_add_headers
    )


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    """A type is never guessed, and a picture that is opened as a page runs nothing."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = "default-src 'none'"
