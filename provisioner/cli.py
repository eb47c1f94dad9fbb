"""The command line. The only module that puts the others together."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text
from typer.exceptions import TyperException

from provisioner import baseline, files, loader, render, saved
from provisioner import folder as write_files
from provisioner.apply import apply as apply_plan
from provisioner.changes import Plan
from provisioner.check import check
from provisioner.errors import ProvisionerError, SettingsError
from provisioner.export import EVERYTHING
from provisioner.export import export as make_export
from provisioner.gateway import Realm
from provisioner.inspection import inspect
from provisioner.loader import Loaded
from provisioner.plan import plan as make_plan
from provisioner.schema import schema
from provisioner.settings import Options, connection
from provisioner.state import RealmState

if TYPE_CHECKING:
    from provisioner.keycloak_gateway import KeycloakApi

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
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="For the page of a pull request.")]


@dataclass(frozen=True, slots=True)
class Run:
    """Both sides and what is between them."""

    loaded: Loaded
    observed: RealmState
    realm: Realm
    plan: Plan


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
        loaded = _loaded(context.obj, paths)
        count = len({document.source.file for document in loaded.documents})
        Console(soft_wrap=True).print(
            f"Realm {loaded.desired.realm}: {count} files,"
            f" {len(loaded.desired.resources)} resources, nothing wrong."
        )


@app.command()
def plan(
    context: typer.Context,
    paths: Paths = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
    out: Annotated[Path | None, typer.Option(help="Also saves the plan to this file, for apply.")] = None,
) -> None:
    """Shows what an apply would change. Exit status 2 when there is something."""
    with _errors(as_json):
        run = _run(context.obj, _loaded(context.obj, paths))
        if out is not None:
            out.write_text(saved.as_json(run.plan, run.loaded.documents), encoding="utf-8")
        _print(run.plan, as_json, as_markdown)
        raise typer.Exit(_status(run.plan, strict=False))


@app.command()
def drift(
    context: typer.Context,
    paths: Paths = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
    strict: Annotated[bool, typer.Option("--strict", help="What others made is a difference, too.")] = False,
) -> None:
    """Tells what differs from the files and changes nothing. Exit status 2 when something does."""
    with _errors(as_json):
        run = _run(context.obj, _loaded(context.obj, paths))
        _print(run.plan, as_json, as_markdown)
        raise typer.Exit(_status(run.plan, strict))


@app.command()
def apply(
    context: typer.Context,
    paths: Paths = None,
    yes: Annotated[bool, typer.Option("--yes", help="Does not ask.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Also makes the deletions of the plan.")] = False,
    as_json: AsJson = False,
) -> None:
    """Makes the changes of the plan, or of a saved plan if the server is still as it saw it."""
    with _errors(as_json):
        was_saved = saved.read(paths[0]) if paths and len(paths) == 1 else None
        if was_saved:
            loaded = loader.load_documents(saved.documents(was_saved), os.environ, context.obj.keycloak_realm)
        else:
            loaded = _loaded(context.obj, paths)
        run = _run(context.obj, loaded)
        if was_saved:
            saved.check(was_saved, run.plan)
        if not as_json or run.plan.refused:
            _print(run.plan, as_json)
        if run.plan.refused:
            raise typer.Exit(ERROR)
        raise typer.Exit(_apply(run, yes, prune, as_json))


@app.command()
def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write; here by default.")] = Path(),
) -> None:
    """Writes the live realm as files that a plan finds no difference with."""
    with _errors(as_json=False):
        write_files.check(folder)
        name = _realm_name(context.obj)
        observed = _realm(context.obj, name).observe(RealmState(name, {}, contains=EVERYTHING))
        if not observed.exists:
            raise SettingsError(f"there is no realm {name} on {context.obj.keycloak_url}")
        exported = make_export(observed, baseline.state(name))
        for path in write_files.write(exported, folder):
            print(path)  # noqa: T201 (the answer itself)
        if exported.variables:
            _complain("Secrets are not in the files; set these variables: " + ", ".join(exported.variables))


@app.command(name="check")
def check_command(context: typer.Context, as_json: AsJson = False) -> None:
    """Finds what no file says: companies without an active administrator, accounts never activated, rights."""
    with _errors(as_json):
        name = _realm_name(context.obj)
        api = _api(context.obj, name)
        with _progress(None, quiet=as_json, doing="reading companies") as advance:
            findings = check(inspect(api, api.own_rights(), advance))
        if as_json:
            print(render.findings_as_json(findings))  # noqa: T201 (the answer itself)
        else:
            Console(soft_wrap=True, highlight=False).print(render.findings_as_text(name, findings))
        raise typer.Exit(DIFFERENCES if findings else NOTHING)


@app.command(name="schema")
def schema_command() -> None:
    """Prints the JSON Schema of the files, for editors."""
    print(json.dumps(schema(), ensure_ascii=False, indent=2))  # noqa: T201 (the answer itself)


def _realm_name(options: Options) -> str:
    """The realm for verbs that need no files: from the settings, else the one that the default files name."""
    if options.keycloak_realm:
        return options.keycloak_realm
    paths = [path for path in DEFAULT_PATHS if path.exists()]
    for content in (document.content for path in files.find(paths) for document in files.read(path)):
        if isinstance(content, dict) and isinstance(content.get("realm"), str):
            return str(content["realm"])
    raise SettingsError("KEYCLOAK_REALM is not set, and no default file names a realm")


def _apply(run: Run, yes: bool, prune: bool, as_json: bool) -> int:
    changes = run.plan.to_make(prune)
    if changes and not yes:
        _ask(as_json)
    with _progress(len(changes), quiet=as_json, doing="applying") as advance:
        outcome = apply_plan(
            run.loaded.desired,
            run.plan,
            run.observed,
            run.realm,
            prune=prune,
            progress=lambda count: advance(count, None),
            waiting=_complain,
        )
    if as_json:
        print(render.as_json(run.plan, outcome))  # noqa: T201 (the answer itself)
    elif run.plan.writes:
        Console(soft_wrap=True, highlight=False).print(render.outcome_as_text(outcome))
    return NOTHING if outcome.complete else ERROR


def _loaded(options: Options, paths: list[Path] | None) -> Loaded:
    loaded = loader.load(_existing(paths), os.environ, options.keycloak_realm)
    for note in loaded.notes:
        _complain(str(note))
    return loaded


def _run(options: Options, loaded: Loaded) -> Run:
    realm = _realm(options, loaded.desired.realm)
    observed = realm.observe(loaded.desired)
    return Run(loaded, observed, realm, make_plan(loaded.desired, observed))


def _realm(options: Options, name: str) -> Realm:
    from provisioner.keycloak_gateway import KeycloakRealm

    return KeycloakRealm(_api(options, name))


def _api(options: Options, name: str) -> "KeycloakApi":
    # Here, because the library takes half of the start, and neither help nor `validate` needs it.
    from provisioner.keycloak_gateway import KeycloakApi

    return KeycloakApi(name, connection(options, name))


def _existing(paths: list[Path] | None) -> list[Path]:
    """The paths given, or those of the default paths that are there."""
    if paths:
        return paths
    found = [path for path in DEFAULT_PATHS if path.exists()]
    if not found:
        raise SettingsError(f"no paths given, and there is neither {DEFAULT_PATHS[0]} nor {DEFAULT_PATHS[1]}/")
    return found


def _status(planned: Plan, strict: bool) -> int:
    if planned.refused:
        return ERROR
    return DIFFERENCES if planned.writes or (strict and planned.unmanaged) else NOTHING


def _print(planned: Plan, as_json: bool, as_markdown: bool = False) -> None:
    if as_json:
        print(render.as_json(planned))  # noqa: T201 (the answer itself)
    elif as_markdown:
        print(render.as_markdown(planned))  # noqa: T201 (the answer itself)
    else:
        Console(soft_wrap=True, highlight=False).print(render.as_text(planned))


def _ask(as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise SettingsError("nothing was written: apply without a terminal needs --yes")
    if not typer.confirm("Apply these changes?"):
        raise SettingsError("nothing was written")


class _Rate(ProgressColumn):
    """How many changes a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f}/s" if task.speed else "")


@contextmanager
def _progress(total: int | None, quiet: bool, doing: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on standard error; its function is told how many more are done, and of how many when that is new."""
    if quiet or (total is not None and total < _PROGRESS_FROM):
        yield lambda *_: None
        return
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=total)

        def advance(count: int, total: int | None) -> None:
            progress.update(task, advance=count, total=total)

        yield advance


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
