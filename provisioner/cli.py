"""The command line: commands and options. `verbs` is imported only to run a command, so that help is fast."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from directory import version
from provisioner.settings import Options

if TYPE_CHECKING:
    from provisioner.verbs import Verbs

ERROR = 1
_CONNECTION = "--keycloak-"

app = typer.Typer(
    help="Keep a Keycloak realm in the state of the files: plan, then apply.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Files, folders and patterns; keycloak/realm-export.json and companies/ by default."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, and nothing else.")]
NoWarnings = Annotated[bool, typer.Option("--strict", help="Warnings are errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Lists every change of a long plan.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="For the page of a pull request.")]


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"provisioner {version()}")
        raise typer.Exit()


@app.callback()
def connect_options(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Prints the version.")
    ] = False,
    keycloak_url: Annotated[str | None, typer.Option(help="Address of the server.")] = None,
    keycloak_realm: Annotated[str | None, typer.Option(help="The realm; must be the one in the files.")] = None,
    keycloak_client_id: Annotated[str | None, typer.Option(help="Sign in as this client.")] = None,
    keycloak_client_secret: Annotated[str | None, typer.Option(help="Its secret.")] = None,
    keycloak_username: Annotated[str | None, typer.Option(help="Or sign in as this user.")] = None,
    keycloak_password: Annotated[str | None, typer.Option(help="Password of the user.")] = None,
    keycloak_login_realm: Annotated[str | None, typer.Option(help="Realm to sign in at.")] = None,
) -> None:
    """Options override the environment variables of the same names."""
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
def validate(
    context: typer.Context, paths: Paths = None, as_json: AsJson = False, strict: NoWarnings = False
) -> None:
    """Checks the files, without a server."""
    _run(context, lambda verbs: verbs.validate(paths, strict), as_json)


@app.command()
def plan(
    context: typer.Context,
    paths: Paths = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
    verbose: Verbose = False,
    out: Annotated[Path | None, typer.Option(help="Also saves the plan to this file, for apply.")] = None,
    strict: NoWarnings = False,
) -> None:
    """Shows what an apply would change. Exit status 2 when there is something."""
    from provisioner.verbs import Shown

    _run(context, lambda verbs: verbs.plan(paths, Shown(as_markdown, verbose), out, strict), as_json)


@app.command()
def apply(
    context: typer.Context,
    paths: Paths = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Also make the deletions of the plan.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
    strict: NoWarnings = False,
) -> None:
    """Makes the changes of the plan, or of a saved plan if the server is still as it saw it."""
    from provisioner.verbs import Shown

    _run(context, lambda verbs: verbs.apply(paths, yes, prune, Shown(verbose=verbose), strict), as_json)


@app.command()
def drift(
    context: typer.Context,
    paths: Paths = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
    verbose: Verbose = False,
    strict: Annotated[bool, typer.Option("--strict", help="What others made is a difference, too.")] = False,
) -> None:
    """Tells what differs from the files and changes nothing. Exit status 2 when something does."""
    from provisioner.verbs import Shown

    _run(context, lambda verbs: verbs.drift(paths, Shown(as_markdown, verbose), strict), as_json)


@app.command()
def export(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to write; by default the current folder.")
    ] = Path(),
) -> None:
    """Write the realm on the server as files for which a plan finds no difference."""
    _run(context, lambda verbs: verbs.export(folder))


@app.command()
def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Find what files cannot show: companies without an active administrator, accounts never activated, rights."""
    _run(context, lambda verbs: verbs.check(), as_json)


@app.command()
def schema(context: typer.Context) -> None:
    """Print the JSON Schema of the files, for editors."""
    _run(context, lambda verbs: verbs.schema())


def _run(context: typer.Context, verb: Callable[["Verbs"], int], as_json: bool = False) -> None:
    """Run the command and exit with its status."""
    from provisioner.verbs import Verbs

    verbs = Verbs(context.obj, as_json)
    raise typer.Exit(verbs.run(lambda: verb(verbs)))


def main() -> None:
    """Run the script `provisioner`. Wrong usage exits with 1, as any error does."""
    try:
        status = app(_connection_first(sys.argv[1:]), standalone_mode=False)
    except TyperException as error:
        typer.echo(f"{error.format_message()}\nSee provisioner --help.", err=True)
        status = ERROR
    except typer.Abort:
        status = ERROR
    sys.exit(status or 0)


def _connection_first(arguments: list[str]) -> list[str]:
    """Return the arguments with the connection options first, as they may also follow the command."""
    moved: list[str] = []
    others: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            others += [argument, *rest]
        elif argument.startswith(_CONNECTION):
            moved.append(argument)
            if "=" not in argument:
                moved.extend(value for value in [next(rest, None)] if value is not None)
        else:
            others.append(argument)
    return moved + others
