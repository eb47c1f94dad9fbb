"""An export -> files in a folder, none of which may be there: `realm-export.json` and `companies/<id>.yaml`."""

import json
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from provisioner.errors import SettingsError
from provisioner.exporting.export import Export
from provisioner.model.state import Json

REALM_FILE = "realm-export.json"
COMPANIES = "companies"


def check(folder: Path) -> None:
    """`SettingsError` when an export into the folder would replace something."""
    for name in (REALM_FILE, COMPANIES):
        if (folder / name).exists():
            raise SettingsError(
                f"{folder / name} is there already, and an export replaces nothing; name another folder"
            )


def write(export: Export, folder: Path) -> list[Path]:
    """Writes the files and returns their paths."""
    check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / REALM_FILE: json.dumps(export.realm, ensure_ascii=False, indent=2) + "\n"}
    for id, entry in export.companies.items():
        texts[folder / COMPANIES / f"{id}.yaml"] = _yaml({"companies": [entry]})
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _yaml(content: Json) -> str:
    """Texts that YAML would read as something else are quoted by the library."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = StringIO()
    yaml.dump(content, text)
    return text.getvalue()
