"""The demo's secrets: made at random once, kept beside its data so that a restart agrees with Keycloak."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self


@dataclass(frozen=True, repr=False)
class Secrets:
    """One secret per client, and the portal's own; a field's name in capitals is its environment variable."""

    client_portal_secret: str
    client_sample_service_secret: str
    client_portal_directory_secret: str
    secret_key: str

    @classmethod
    def kept_in(cls, file: Path) -> Self:
        """Those in the file; made and written, readable by its owner only, when there is no file.

        Everyone who asks at the same time is told the same ones: the first to finish writing has made them.
        """
        if not file.exists():
            made = cls(**{field.name: secrets.token_urlsafe(32) for field in fields(cls)})
            descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=file.name)
            with open(descriptor, "w", encoding="ascii") as opened:
                json.dump(asdict(made), opened)
            with suppress(FileExistsError):
                os.link(partial, file)
            os.unlink(partial)
        return cls(**json.loads(file.read_text(encoding="ascii")))

    def environment(self) -> dict[str, str]:
        return {name.upper(): value for name, value in asdict(self).items()}
