"""Plan files: a reviewed plan with the documents it was made from.

Applying a plan file makes the plan again from these documents and refuses it if it is no longer the same, because
the server has changed. The file contains no secrets: variables are not filled in, and a secret that a document
contains is masked and read from that document again.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provisioner.errors import ProvisionerError, StalePlanError
from provisioner.kinds.registry import KINDS
from provisioner.model.changes import Plan
from provisioner.model.rules import MASK
from provisioner.model.state import Json, Source
from provisioner.reading.documents import Document, read_documents
from provisioner.rendering import render

_MARK = "provisionerPlan"
_VERSION = 1
_SECRETS = frozenset().union(*(kind.rule.secret for kind in KINDS.values()))


def as_json(plan: Plan, documents: Sequence[Document]) -> str:
    """Return the text of the file."""
    content = {
        _MARK: _VERSION,
        "realm": plan.realm,
        **render.as_data(plan),
        "documents": [
            {"file": each.source.file, "document": each.source.document, "content": _masked(each.content)}
            for each in documents
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _masked(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: MASK if key in _SECRETS and _contains_secret(inner) else _masked(inner)
                for key, inner in value.items()
            }
        case list():
            return [_masked(inner) for inner in value]
        case _:
            return value


def _contains_secret(value: Any) -> bool:
    """Return whether the document contains the secret itself, alone or in a list, and not a variable."""
    if isinstance(value, list):
        return any(_contains_secret(inner) for inner in value)
    return isinstance(value, str | int) and "${" not in str(value)


def read(path: Path) -> Json | None:
    """Return the plan in that file, or None if it is no plan file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # no plan file: the loader reports what is wrong with it
    if not isinstance(found, dict) or _MARK not in found:
        return None
    if found[_MARK] != _VERSION:
        raise ProvisionerError(f"{path}: a plan of another version of the provisioner; plan again")
    return found


def documents(saved: Json) -> list[Document]:
    """Return the documents that the plan was made from, with masked secrets read from their files again."""
    return [_restored(each) for each in saved["documents"]]


def _restored(saved: Json) -> Document:
    source = Source(saved["file"], saved["document"])
    if MASK not in json.dumps(saved["content"]):
        return Document(source, saved["content"])
    path = Path(source.file)
    if not path.is_file():
        raise ProvisionerError(f"{path}: the plan needs a secret from this file, which no longer exists")
    present = {each.source.document: each.content for each in read_documents(path)}
    return Document(source, _filled(saved["content"], present.get(source.document)))


def _filled(value: Any, present: Any) -> Any:
    """Replace masks by the values at the same place in the present document; a mask without one stays."""
    match value:
        case dict():
            found = present if isinstance(present, dict) else {}
            return {
                key: found.get(key, inner) if inner == MASK else _filled(inner, found.get(key))
                for key, inner in value.items()
            }
        case list():
            others = present if isinstance(present, list) and len(present) == len(value) else [None] * len(value)
            return [_filled(inner, other) for inner, other in zip(value, others, strict=True)]
        case _:
            return value


def check(saved: Json, plan: Plan) -> None:
    """Raise `StalePlanError` if the new plan is not the saved one; unmanaged resources are not compared."""
    before = {each["address"]: each for each in saved["changes"] if each["action"] != "unmanaged"}
    now = {each["address"]: each for each in render.as_data(plan)["changes"] if each["action"] != "unmanaged"}
    moved = sorted(address for address in before.keys() | now.keys() if before.get(address) != now.get(address))
    if moved or saved["realm"] != plan.realm:
        raise StalePlanError(
            "the server has changed since the plan was made; nothing was written; plan again. Different now: "
            + ", ".join(moved)
        )
