"""The provisioner's command line in this process, every request noted: `counted_run.py NOTES ARGUMENT...`.

NOTES gets one JSON object: the requests as `[method, address]`, and the seconds of the work itself, from when the
program is loaded.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import requests
from requests.adapters import HTTPAdapter

from provisioner import cli, verbs  # noqa: F401 (loaded before the clock starts)
from provisioner.server import calls, realm  # noqa: F401 (loaded before the clock starts)


def main() -> None:
    """Runs the command and ends with its status."""
    notes = Path(sys.argv[1])
    sys.argv = ["provisioner", *sys.argv[2:]]
    made: list[tuple[str, str]] = []
    send = HTTPAdapter.send

    def noted(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        made.append((str(request.method), str(request.url)))
        return send(adapter, request, **options)

    began = time.perf_counter()
    try:
        with mock.patch.object(HTTPAdapter, "send", noted):
            cli.main()
    finally:
        notes.write_text(json.dumps({"requests": made, "seconds": time.perf_counter() - began}), encoding="utf-8")


main()
