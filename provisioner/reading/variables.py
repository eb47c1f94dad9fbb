"""`${NAME}` and `${NAME:default}` in the text values of files, filled from the environment.

Only names of capital letters, digits and `_` are ours; every other `${...}` belongs to Keycloak and stays, and so
does its `${ALIAS}`. `$${NAME}` stands for a literal `${NAME}`.
"""

from collections.abc import Mapping
from re import Match
from re import compile as regex

from provisioner.errors import ProvisionerError

_VARIABLE = regex(r"(?P<escape>\$)?\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<has_default>:(?P<default>[^}]*))?\}")
_NO_NAME = regex(r"[^A-Z0-9]")
_KEYCLOAKS_OWN = frozenset({"ALIAS"})


class UndefinedVariableError(ProvisionerError):
    """A variable without a default is not in the environment."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the variable {name} is not set and has no default")
        self.name = name


def escape(text: str) -> str:
    """The text such that `fill` gives it back as it is."""
    return _VARIABLE.sub(lambda match: match[0] if match["name"] in _KEYCLOAKS_OWN else f"${match[0]}", text)


def name_of(*parts: str) -> str:
    """The name of the variable for the thing these words name: upper case, `_` for what is no letter or digit."""
    return _NO_NAME.sub("_", "_".join(parts).upper())


def fill(text: str, environment: Mapping[str, str]) -> str:
    """The text with our variables filled in."""
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
