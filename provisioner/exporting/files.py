"""The files of an export. An export never replaces a file."""

import json
from pathlib import Path

import yaml

from provisioner.errors import SettingsError
from provisioner.exporting.export import Export
from provisioner.kinds.registry import FORMATS
from provisioner.model.state import Json

REALM_FILE = "realm-export.json"


def check(folder: Path) -> None:
    """Raise `SettingsError` if an export into the folder would replace something."""
    for name in (REALM_FILE, *(each.folder for each in FORMATS)):
        if (folder / name).exists():
            raise SettingsError(
                f"{folder / name} exists already, and an export replaces no files; choose another folder"
            )


def write(export: Export, folder: Path) -> list[Path]:
    """Write the files and return their paths."""
    check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / REALM_FILE: json.dumps(export.realm, ensure_ascii=False, indent=2) + "\n"}
    for name, files in export.others.items():
        texts |= {folder / name / f"{each}.yaml": _yaml(content) for each, content in files.items()}
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _yaml(content: Json) -> str:
    """Return the content as YAML; texts that could be read as other types are quoted."""
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, default_flow_style=False)
