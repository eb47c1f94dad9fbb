"""A plan in a file: what was shown to people, and the documents it was made from, so that it can be made again.

Applying it makes the plan anew from these documents and refuses when it is no longer the same: then the server has
moved on. No secret is in the file: a variable stays a variable, and a secret that a document spells out is masked
and read from that document again.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provisioner.errors import ProvisionerError, StalePlanError
from provisioner.model.changes import Plan
from provisioner.model.rules import MASK, RULES
from provisioner.model.state import Json, Source
from provisioner.reading.documents import Document, read_documents
from provisioner.rendering import render

_MARK = "provisionerPlan"
_VERSION = 1
_SECRETS = frozenset().union(*(rule.secret for rule in RULES.values()))


def as_json(plan: Plan, documents: Sequence[Document]) -> str:
    """The text of the file."""
    told = {
        _MARK: _VERSION,
        "realm": plan.realm,
        **render.as_data(plan),
        "documents": [
            {"file": each.source.file, "document": each.source.document, "content": _masked(each.content)}
            for each in documents
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _masked(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: MASK if key in _SECRETS and _spelled_out(inner) else _masked(inner)
                for key, inner in value.items()
            }
        case list():
            return [_masked(inner) for inner in value]
        case _:
            return value


def _spelled_out(value: Any) -> bool:
    """Whether a secret stands in the document itself, alone or in a list of one, and not in a variable."""
    if isinstance(value, list):
        return any(_spelled_out(inner) for inner in value)
    return isinstance(value, str | int) and "${" not in str(value)


def read(path: Path) -> Json | None:
    """The saved plan in that file; none when it is something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # not ours: the loader says what is wrong with it
    if not isinstance(found, dict) or _MARK not in found:
        return None
    if found[_MARK] != _VERSION:
        raise ProvisionerError(f"{path}: a plan of another version of the provisioner; plan again")
    return found


def documents(saved: Json) -> list[Document]:
    """The documents that the plan was made from, masked secrets read from their files again."""
    return [_restored(each) for each in saved["documents"]]


def _restored(saved: Json) -> Document:
    source = Source(saved["file"], saved["document"])
    if MASK not in json.dumps(saved["content"]):
        return Document(source, saved["content"])
    path = Path(source.file)
    if not path.is_file():
        raise ProvisionerError(f"{path}: the plan needs a secret that is spelled out in this file, and it is gone")
    present = {each.source.document: each.content for each in read_documents(path)}
    return Document(source, _filled(saved["content"], present.get(source.document)))


def _filled(value: Any, present: Any) -> Any:
    """Masks replaced by what stands at the same place now; where nothing does, the mask counts as not said."""
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
    """`StalePlanError` when the plan made now is not the saved one; what others made does not count."""
    before = {each["address"]: each for each in saved["changes"] if each["action"] != "unmanaged"}
    now = {each["address"]: each for each in render.as_data(plan)["changes"] if each["action"] != "unmanaged"}
    moved = sorted(address for address in before.keys() | now.keys() if before.get(address) != now.get(address))
    if moved or saved["realm"] != plan.realm:
        raise StalePlanError(
            "the server is no longer as the plan saw it; nothing was written, plan again. Different now: "
            + ", ".join(moved)
        )
