"""Commands for operations: `flask --app webapp.wsgi ...`."""

from datetime import UTC, datetime, timedelta

import click
from flask import Flask
from flask.cli import AppGroup

from webapp import journal
from webapp.context import Parts
from webapp.courier import Courier
from webapp.services import import_jobs
from webapp.services.resume import resume


def install(app: Flask, parts: Parts) -> None:
    """Add the commands to the application."""
    database = AppGroup("database", help="The portal's own database.")
    imports = AppGroup("imports", help="Files of people that were sent to be done.")
    operations = AppGroup("operations", help="Changes of several calls.")

    @database.command("upgrade")
    def upgrade() -> None:
        """Bring the tables to the newest revision."""
        parts.database.upgrade()

    @operations.command("resume")
    def finish() -> None:
        """Finish what a process left behind when it died."""
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

    mails = AppGroup("mails", help="Mails to people and to administrators.")

    @mails.command("send")
    def send() -> None:
        """Send what is due now (the portal does so itself every few seconds)."""
        click.echo(f"{Courier(app).deliver_due()} mails sent")

    app.cli.add_command(mails)

    @imports.command("purge")
    def forget() -> None:
        """Delete the imports that are a week old, with the names and addresses of their lines."""
        click.echo(f"{import_jobs.purge(parts.database)} imports deleted")

    app.cli.add_command(imports)
    app.cli.add_command(database)
    app.cli.add_command(journal_commands)
    app.cli.add_command(operations)
