"""The shared kernel: who a person is, what an attachment is, and how Keycloak stores both."""

from pathlib import Path


def version() -> str:
    """Return the version of the product, as pyproject.toml states it: the only place where it is written."""
    # Imported here: most starts need neither.
    import tomllib
    from importlib import metadata

    source = Path(__file__).parents[1] / "pyproject.toml"
    if source.is_file():  # a checkout or the image; an older version may be installed on the same machine
        return str(tomllib.loads(source.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("attache")
