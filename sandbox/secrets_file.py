"""The demo's secrets: made at random once, kept beside its data so that a restart agrees with Keycloak."""

from __future__ import annotations

import json
import os
import secrets
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
        """Those in the file; made and written, readable by its owner only, when there is no file."""
        if file.exists():
            return cls(**json.loads(file.read_text(encoding="ascii")))
        made = cls(**{field.name: secrets.token_urlsafe(32) for field in fields(cls)})
        partial = file.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as opened:
            json.dump(asdict(made), opened)
        partial.rename(file)
        return made

    def environment(self) -> dict[str, str]:
        return {name.upper(): value for name, value in asdict(self).items()}
