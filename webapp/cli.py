"""Commands for operations: `portal ...`, or `flask --app webapp.wsgi ...`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, FlaskGroup

from directory import version
from directory.errors import DirectoryError, UnavailableError
from webapp.http import context
from webapp.http.context import Parts
from webapp.identity.service_account_check import ExcessError, examine
from webapp.imports import store as import_store
from webapp.jobs import batches
from webapp.lifecycle.survey import survey
from webapp.mail.courier import Courier
from webapp.people import accounts, personal_data
from webapp.people.recovery import resume
from webapp.records import journal
from webapp.reviews import store as review_store


def _people() -> AppGroup:
    """What the portal holds of people."""
    people = AppGroup("people", help="What the portal holds of a person; accounts that were never activated.")

    @people.command("export")
    @click.argument("who")
    def export(who: str) -> None:
        """Print as JSON everything about the person with this address or id, to be given to them."""
        subject = _subject(who)
        with _keycloak_failing():
            found = personal_data.export(context.parts().directory, context.parts().database, subject)
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))

    @people.command("erase")
    @click.argument("who")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    def erase(who: str, yes: bool) -> None:
        """Delete what the portal holds of the person with this address or id; the journal keeps a pseudonym."""
        subject = _subject(who)
        if not yes:
            click.confirm("This cannot be undone. Go on?", abort=True, err=True)
        for what, count in personal_data.erase(context.parts().database, subject).items():
            click.echo(f"{what}: {count}")
        if subject.user is not None:
            click.echo(
                "The account itself is still in Keycloak, which the portal may not delete: delete it there, "
                "then run this again."
            )

    @people.command("report")
    @click.option("--json", "as_json", is_flag=True, help="As JSON, for machines.")
    def report(as_json: bool) -> None:
        """What no one looks after: companies, accounts, attachments past their end, reviews overdue."""
        parts = context.parts()
        today = context.today()
        with _keycloak_failing():
            seen = survey(parts.directory, parts.database, datetime.now(UTC), today)
        found: dict[str, list[Any]] = {
            "without_administrator": [company.id for company in seen.orphans],
            "never_activated": [user.email for user in seen.never_activated],
            "attached_nowhere": [user.email for user in seen.nowhere],
            "past_end": [
                {"email": one.user.email, "company": one.company.id, "until": one.until.isoformat()}
                for one in seen.past_end
            ],
            "reviews_overdue": [
                {"company": review.company_id, "until": review.until.isoformat()}
                for review in review_store.due(parts.database, today)
            ],
        }
        if as_json:
            click.echo(json.dumps(found, indent=2, ensure_ascii=False))
            return
        for what, which in found.items():
            click.echo(f"{what}: {len(which)}")

    @people.command("purge")
    @click.option(
        "--days", type=click.IntRange(min=31), help="Wait so many days instead of what PENDING_DAYS says."
    )
    def purge_people(days: int | None) -> None:
        """Delete the accounts that no one activated for so long, and what has served its time."""
        waited = days or context.parts().settings.pending_days
        before = datetime.now(UTC) - timedelta(days=waited)
        with _keycloak_failing():
            gone = accounts.purge(context.parts().directory, context.parts().database, before)
        click.echo(f"{len(gone)} accounts deleted that were not activated within {waited} days")
        click.echo(f"{personal_data.purge(context.parts().database)} rows deleted that were no longer needed")

    return people


def _subject(who: str) -> personal_data.Subject:
    with _keycloak_failing():
        found = personal_data.find(context.parts().directory, context.parts().database, who)
    if found is None:
        raise click.ClickException(f"no one is known as {who}, neither to Keycloak nor to the journal")
    return found


@contextmanager
def _keycloak_failing() -> Iterator[None]:
    """Keycloak's trouble in one line, and exit status 1."""
    try:
        yield
    except DirectoryError as error:
        raise click.ClickException(f"Keycloak: {error}") from error


def install(app: Flask, parts: Parts) -> None:
    """Add the commands to the application."""
    database = AppGroup("database", help="The portal's own database.")
    imports = AppGroup("imports", help="Files of people that were sent to be done.")
    operations = AppGroup("operations", help="Changes of several calls.")

    @app.cli.command("check")
    def check() -> None:
        """Whether the portal's account at Keycloak has just the rights it needs.

        Ends with 1 when it has too many, naming them, and with 2 when Keycloak does not tell.
        """
        _require_admission(parts)
        click.echo("the portal's account has the rights it needs and no others")

    @database.command("upgrade")
    def upgrade() -> None:
        """Bring the tables to the newest revision."""
        parts.database.upgrade()

    @operations.command("resume")
    def finish() -> None:
        """Finish what a process left behind when it died; ends as `check` when the account is not in order."""
        _require_admission(parts)
        for operation, state in resume(parts.directory, parts.database):
            click.echo(f"{operation.kind} {operation.id}: {state}")

    journal_commands = AppGroup("journal", help="Who did what, to whom, at which company.")

    @journal_commands.command("purge")
    @click.option(
        "--days", type=click.IntRange(min=1), help="Keep so many days instead of what JOURNAL_DAYS says."
    )
    def purge(days: int | None) -> None:
        """Delete the lines that are older than they are to be kept."""
        kept = days or parts.settings.journal_days
        count = journal.purge(parts.database, datetime.now(UTC) - timedelta(days=kept))
        click.echo(f"{count} lines older than {kept} days deleted")
        reviews = review_store.purge(parts.database, datetime.now(UTC) - timedelta(days=kept))
        click.echo(f"{reviews} access reviews deleted that ended before that")

    app.cli.add_command(_people())

    mails = AppGroup("mails", help="Mails to people and to administrators.")

    @mails.command("send")
    def send() -> None:
        """Send what is due now (the portal does so itself every few seconds)."""
        click.echo(f"{Courier(app).deliver_due()} mails sent")

    app.cli.add_command(mails)

    @imports.command("purge")
    def forget() -> None:
        """Delete the imports (names and addresses in their lines) and batches of mails that are a week old."""
        click.echo(f"{import_store.purge(parts.database)} imports deleted")
        click.echo(f"{batches.purge(parts.database)} batches of activation mails deleted")

    app.cli.add_command(imports)
    app.cli.add_command(database)
    app.cli.add_command(journal_commands)
    app.cli.add_command(operations)


def _require_admission(parts: Parts) -> None:
    """End the command unless the portal may work with the account it has."""
    try:
        examine(parts.directory)
    except ExcessError as refusal:
        raise _failure(1, *(f"the portal's account {reason}" for reason in refusal.reasons)) from refusal
    except UnavailableError as unknown:
        raise _failure(2, str(unknown)) from unknown


def _failure(status: int, *lines: str) -> SystemExit:
    for line in lines:
        click.echo(line, err=True)
    return SystemExit(status)


def main() -> None:
    """Run the script `portal`: Flask's command line for this application."""
    group = FlaskGroup(name="portal", create_app=_configured, add_version_option=False, help=_HELP)
    click.version_option(version(), prog_name="portal")(group)
    group.main(prog_name="portal")


_HELP = "Run and maintain the portal that the environment describes."


def _configured() -> Flask:
    """Return the application; `NoAppException` names the settings that are missing or wrong."""
    # By its name: `webapp.wsgi` is above this module and reads its settings when it is imported.
    app: Flask = import_module("webapp.wsgi").app
    return app
