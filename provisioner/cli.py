"""The command line: `validate`, `plan`, `apply`. The only module that puts the others together."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from typer.exceptions import TyperException

from provisioner import loader, render
from provisioner.apply import apply as apply_plan
from provisioner.changes import Plan
from provisioner.errors import ProvisionerError, SettingsError
from provisioner.gateway import Realm
from provisioner.keycloak_gateway import KeycloakApi, KeycloakRealm
from provisioner.plan import plan as make_plan
from provisioner.settings import Options, connection
from provisioner.state import RealmState

DEFAULT_PATHS = (Path("keycloak/realm-export.json"), Path("companies"))
NOTHING, ERROR, DIFFERENCES = 0, 1, 2
_PROGRESS_FROM = 5

app = typer.Typer(
    help="Keeps a Keycloak realm as the files say: plan first, then apply.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Files and folders; keycloak/realm-export.json and companies/ by default."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, and nothing else.")]


@app.callback()
def connect_options(
    context: typer.Context,
    keycloak_url: Annotated[str | None, typer.Option(help="Address of the server.")] = None,
    keycloak_realm: Annotated[str | None, typer.Option(help="The realm; the files' own must agree.")] = None,
    keycloak_client_id: Annotated[str | None, typer.Option(help="Sign in as this client.")] = None,
    keycloak_client_secret: Annotated[str | None, typer.Option(help="Its secret.")] = None,
    keycloak_username: Annotated[str | None, typer.Option(help="Or sign in as this user.")] = None,
    keycloak_password: Annotated[str | None, typer.Option(help="His password.")] = None,
    keycloak_login_realm: Annotated[str | None, typer.Option(help="Realm to sign in at.")] = None,
) -> None:
    """Options win over the environment variables of the same names."""
    context.obj = Options(
        keycloak_url,
        keycloak_realm,
        keycloak_client_id,
        keycloak_client_secret,
        keycloak_username,
        keycloak_password,
        keycloak_login_realm,
    ).over(os.environ)


@app.command()
def validate(context: typer.Context, paths: Paths = None) -> None:
    """Checks the files, without a server."""
    with _errors(as_json=False):
        loaded = loader.load(_existing(paths), os.environ, context.obj.keycloak_realm)
        Console(soft_wrap=True).print(
            f"Realm {loaded.desired.realm}: {len(loaded.files)} files,"
            f" {len(loaded.desired.resources)} resources, nothing wrong."
        )


@app.command()
def plan(
    context: typer.Context,
    paths: Paths = None,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help="Also writes the plan to this file, as JSON.")] = None,
) -> None:
    """Shows what an apply would change. Exit status 2 when there is something."""
    with _errors(as_json):
        *_, planned = _planned(context.obj, paths)
        if out is not None:
            out.write_text(render.as_json(planned) + "\n", encoding="utf-8")
        _print(planned, as_json)
        if planned.refused:
            raise typer.Exit(ERROR)
        raise typer.Exit(DIFFERENCES if planned.writes else NOTHING)


@app.command()
def apply(
    context: typer.Context,
    paths: Paths = None,
    yes: Annotated[bool, typer.Option("--yes", help="Does not ask.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Also makes the deletions of the plan.")] = False,
    as_json: AsJson = False,
) -> None:
    """Makes the changes of the plan."""
    with _errors(as_json):
        desired, observed, realm, planned = _planned(context.obj, paths)
        if not as_json or planned.refused:
            _print(planned, as_json)
        if planned.refused:
            raise typer.Exit(ERROR)
        changes = planned.to_make(prune)
        if changes and not yes:
            _ask(as_json)
        with _progress(len(changes), quiet=as_json) as advance:
            outcome = apply_plan(
                desired, planned, observed, realm, prune=prune, progress=advance, waiting=_complain
            )
        if as_json:
            print(render.as_json(planned, outcome))  # noqa: T201 (the answer itself)
        elif planned.writes:
            Console(soft_wrap=True, highlight=False).print(render.outcome_as_text(outcome))
        raise typer.Exit(NOTHING if outcome.complete else ERROR)


def _planned(options: Options, paths: list[Path] | None) -> tuple[RealmState, RealmState, Realm, Plan]:
    desired = loader.load(_existing(paths), os.environ, options.keycloak_realm).desired
    realm = KeycloakRealm(KeycloakApi(desired.realm, connection(options, desired.realm)))
    observed = realm.observe(desired)
    return desired, observed, realm, make_plan(desired, observed)


def _existing(paths: list[Path] | None) -> list[Path]:
    """The paths given, or those of the default paths that are there."""
    if paths:
        return paths
    found = [path for path in DEFAULT_PATHS if path.exists()]
    if not found:
        raise SettingsError(f"no paths given, and there is neither {DEFAULT_PATHS[0]} nor {DEFAULT_PATHS[1]}/")
    return found


def _print(planned: Plan, as_json: bool) -> None:
    if as_json:
        print(render.as_json(planned))  # noqa: T201 (the answer itself)
    else:
        Console(soft_wrap=True, highlight=False).print(render.as_text(planned))


def _ask(as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise SettingsError("nothing was written: apply without a terminal needs --yes")
    if not typer.confirm("Apply these changes?"):
        raise SettingsError("nothing was written")


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    if quiet or total < _PROGRESS_FROM:
        yield lambda _: None
        return
    columns = (TextColumn("applying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("apply", total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def _errors(as_json: bool) -> Iterator[None]:
    """Every error of ours as a message on standard error and exit status 1."""
    try:
        yield
    except ProvisionerError as error:
        if as_json:
            print(render.error_as_json(str(error)))  # noqa: T201 (the answer itself)
        _complain(str(error))
        raise typer.Exit(ERROR) from error


def _complain(message: str) -> None:
    Console(stderr=True, soft_wrap=True, markup=False, highlight=False).print(message)


def main() -> None:
    """The script `provisioner`; wrong usage ends with 1 as any error does."""
    try:
        status = app(standalone_mode=False)
    except TyperException as error:
        _complain(f"{error.format_message()}\nprovisioner --help tells more.")
        status = ERROR
    except typer.Abort:
        status = ERROR
    sys.exit(status or NOTHING)
