"""Commands for operations: `flask --app webapp.wsgi ...`."""

import click
from flask import Flask
from flask.cli import AppGroup

from webapp.context import Parts
from webapp.services.resume import resume


def install(app: Flask, parts: Parts) -> None:
    """Add the commands to the application."""
    database = AppGroup("database", help="The portal's own database.")
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

    app.cli.add_command(database)
    app.cli.add_command(operations)
