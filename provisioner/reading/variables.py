"""`${NAME}` and `${NAME:default}` in the texts of files, filled in from the environment.

Only names of capital letters, digits and `_` are variables. Every other `${...}` belongs to Keycloak and stays, as
does its own `${ALIAS}`. `$${NAME}` stands for a literal `${NAME}`.
"""

from collections.abc import Mapping
from re import Match
from re import compile as regex

from provisioner.errors import ProvisionerError

_VARIABLE = regex(r"(?P<escape>\$)?\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<has_default>:(?P<default>[^}]*))?\}")
_NO_NAME = regex(r"[^A-Z0-9]")
_KEYCLOAKS_OWN = frozenset({"ALIAS"})


class UndefinedVariableError(ProvisionerError):
    """A variable without a default is not set in the environment."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the variable {name} is not set and has no default")
        self.name = name


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
