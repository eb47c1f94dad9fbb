"""`${NAME}` and `${NAME:default}` in the texts of files, filled in from the environment.

Only names of capital letters, digits and `_` are ours; every other `${...}` belongs to Keycloak and stays, and so
do those of its mappers (`${ALIAS}`, `${NAMEID}`, `${UUID}`). `$${NAME}` means a literal `${NAME}`.
"""

from collections.abc import Mapping
from re import Match
from re import compile as regex

from provisioner.errors import ProvisionerError

_VARIABLE = regex(r"(?P<escape>\$)?\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<has_default>:(?P<default>[^}]*))?\}")
_NO_NAME = regex(r"[^A-Z0-9]")
_KEYCLOAKS_OWN = frozenset({"ALIAS", "NAMEID", "UUID"})
_FOREIGN = (
    regex(r"\$\{env\.(?P<name>\w+)(?::(?P<default>[^}]*))?\}"),
    regex(r"\$\(env:(?P<name>\w+)(?::-(?P<default>[^)]*))?\)"),
    regex(r"\$\((?:file|properties|script|sys|url|base64Decoder):[^)]*\)"),
)
"""How `kc.sh import` and keycloak-config-cli write variables."""


class UndefinedVariableError(ProvisionerError):
    """A variable without a default is not set in the environment."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the variable {name} is not set and has no default")
        self.name = name


def foreign(text: str) -> str:
    """Return how to write here the variable of another tool in the text, as a sentence; empty without one."""
    for syntax in _FOREIGN:
        if found := syntax.search(text):
            return f"{found[0]} is a variable of another tool, which is not filled here{_ours(found)}"
    return ""


def _ours(found: Match[str]) -> str:
    name = found.groupdict().get("name")
    if not name:
        return ": use a variable of the environment"
    default = "" if found["default"] is None else f":{found['default']}"
    return f": write ${{{name.upper()}{default}}}"


def escape(text: str) -> str:
    """Return a text that `fill` turns into this one."""
    return _VARIABLE.sub(lambda match: match[0] if match["name"] in _KEYCLOAKS_OWN else f"${match[0]}", text)


def name_of(*parts: str) -> str:
    """Return the name of a variable made of these words: upper case, with `_` for other characters."""
    return _NO_NAME.sub("_", "_".join(parts).upper())


def fill(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with variables filled in. Raises `UndefinedVariableError`."""
    if "${" not in text:
        return text

    def value(match: Match[str]) -> str:
        name = match["name"]
        if match["escape"]:
            return match[0][1:]
        if name in _KEYCLOAKS_OWN:
            return match[0]
        if name in environment:
            return environment[name]
        if match["has_default"]:
            return match["default"]
        raise UndefinedVariableError(name)

    return _VARIABLE.sub(value, text)
