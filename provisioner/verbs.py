"""What each verb of the command line does, and its exit status. The only module that puts the others together."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
from rich.prompt import Confirm
from rich.text import Text

from provisioner import loader
from provisioner.checking.findings import check
from provisioner.checking.inspection import inspect
from provisioner.errors import ProvisionerError, SettingsError
from provisioner.exporting import files as write_files
from provisioner.exporting.export import EVERYTHING, export
from provisioner.loader import Loaded
from provisioner.model.changes import Plan
from provisioner.model.ports import Realm
from provisioner.model.state import RealmState
from provisioner.planning.apply import apply as apply_plan
from provisioner.planning.plan import plan as make_plan
from provisioner.reading import discovery
from provisioner.reading.documents import read_documents
from provisioner.rendering import plan_file, render
from provisioner.representation.json_schema import schema
from provisioner.server import baseline
from provisioner.settings import Options, connection

if TYPE_CHECKING:
    from provisioner.server.calls import KeycloakApi

DEFAULT_PATHS = (Path("keycloak/realm-export.json"), Path("companies"))
NOTHING, ERROR, DIFFERENCES = 0, 1, 2
_PROGRESS_FROM = 5


@dataclass(frozen=True, slots=True)
class Run:
    """Both sides and what is between them."""

    loaded: Loaded
    observed: RealmState
    realm: Realm
    plan: Plan


class Verbs:
    """The verbs, for one connection; with `as_json`, standard output is one JSON object and nothing else."""

    def __init__(self, options: Options, as_json: bool = False) -> None:
        self._options = options
        self._as_json = as_json

    def run(self, verb: Callable[[], int]) -> int:
        """The exit status of a verb; every error of ours is a message on standard error and status 1."""
        try:
            return verb()
        except ProvisionerError as error:
            if self._as_json:
                _say(render.error_as_json(str(error)))
            _complain(str(error))
            return ERROR

    def validate(self, paths: list[Path] | None) -> int:
        """Without a server."""
        loaded = self._loaded(paths)
        desired, count = loaded.desired, len({document.source.file for document in loaded.documents})
        _say(f"Realm {desired.realm}: {count} files, {len(desired.resources)} resources, nothing wrong.")
        return NOTHING

    def plan(self, paths: list[Path] | None, as_markdown: bool, out: Path | None) -> int:
        """Shows it, and saves it to `out`."""
        run = self._run(self._loaded(paths))
        if out is not None:
            out.write_text(plan_file.as_json(run.plan, run.loaded.documents), encoding="utf-8")
        self._print(run.plan, as_markdown)
        return _status(run.plan, strict=False)

    def drift(self, paths: list[Path] | None, as_markdown: bool, strict: bool) -> int:
        """The plan; with `strict`, what others made is a difference, too."""
        run = self._run(self._loaded(paths))
        self._print(run.plan, as_markdown)
        return _status(run.plan, strict)

    def apply(self, paths: list[Path] | None, yes: bool, prune: bool) -> int:
        """Makes the plan, or a saved one if it is still the same."""
        was_saved = plan_file.read(paths[0]) if paths and len(paths) == 1 else None
        if was_saved:
            documents = plan_file.documents(was_saved)
            loaded = loader.load_documents(documents, os.environ, self._options.keycloak_realm)
        else:
            loaded = self._loaded(paths)
        run = self._run(loaded)
        if was_saved:
            plan_file.check(was_saved, run.plan)
        if not self._as_json or run.plan.refused:
            self._print(run.plan)
        return ERROR if run.plan.refused else self._apply(run, yes, prune)

    def _apply(self, run: Run, yes: bool, prune: bool) -> int:
        changes = run.plan.to_make(prune)
        if changes and not yes:
            self._ask()
        with _progress(len(changes), quiet=self._as_json, doing="applying") as advance:
            outcome = apply_plan(
                run.loaded.desired,
                run.plan,
                run.observed,
                run.realm,
                prune=prune,
                progress=lambda count: advance(count, None),
                waiting=_complain,
            )
        if self._as_json:
            _say(render.as_json(run.plan, outcome))
        elif run.plan.writes:
            _show(render.outcome_as_text(outcome))
        return NOTHING if outcome.complete else ERROR

    def export(self, folder: Path) -> int:
        """Writes files and names them, then the variables that they need."""
        write_files.check(folder)
        name = self._realm_name()
        observed = self._realm(name).observe(RealmState(name, {}, contains=EVERYTHING))
        if not observed.exists:
            raise SettingsError(f"there is no realm {name} on {self._options.keycloak_url}")
        exported = export(observed, baseline.state(name))
        for path in write_files.write(exported, folder):
            _say(str(path))
        if exported.variables:
            _complain("Secrets are not in the files; set these variables: " + ", ".join(exported.variables))
        return NOTHING

    def check(self) -> int:
        """Shows what was found."""
        name = self._realm_name()
        api = self._api(name)
        with _progress(None, quiet=self._as_json, doing="reading companies") as advance:
            findings = check(inspect(api, api.own_rights(), advance))
        if self._as_json:
            _say(render.findings_as_json(findings))
        else:
            _show(render.findings_as_text(name, findings))
        return DIFFERENCES if findings else NOTHING

    def schema(self) -> int:
        """Prints it."""
        _say(json.dumps(schema(), ensure_ascii=False, indent=2))
        return NOTHING

    def _loaded(self, paths: list[Path] | None) -> Loaded:
        loaded = loader.load(_existing(paths), os.environ, self._options.keycloak_realm)
        for note in loaded.notes:
            _complain(str(note))
        return loaded

    def _run(self, loaded: Loaded) -> Run:
        realm = self._realm(loaded.desired.realm)
        observed = realm.observe(loaded.desired)
        return Run(loaded, observed, realm, make_plan(loaded.desired, observed))

    def _realm(self, name: str) -> Realm:
        from provisioner.server.realm import KeycloakRealm

        return KeycloakRealm(self._api(name))

    def _api(self, name: str) -> "KeycloakApi":
        # Here, because the library takes a third of the start, and `validate` needs it not.
        from provisioner.server.calls import KeycloakApi

        return KeycloakApi(name, connection(self._options, name))

    def _realm_name(self) -> str:
        """The realm for verbs that need no files: from the settings, else the one that the default files name."""
        if self._options.keycloak_realm:
            return self._options.keycloak_realm
        for content in (
            document.content for path in discovery.find(_default_paths()) for document in read_documents(path)
        ):
            if isinstance(content, dict) and isinstance(content.get("realm"), str):
                return str(content["realm"])
        raise SettingsError("KEYCLOAK_REALM is not set, and no default file names a realm")

    def _print(self, planned: Plan, as_markdown: bool = False) -> None:
        if self._as_json:
            _say(render.as_json(planned))
        elif as_markdown:
            _say(render.as_markdown(planned))
        else:
            _show(render.as_text(planned))

    def _ask(self) -> None:
        if self._as_json or not sys.stdin.isatty():
            raise SettingsError("nothing was written: apply without a terminal needs --yes")
        if not Confirm.ask("Apply these changes?", default=False):
            raise SettingsError("nothing was written")


def _existing(paths: list[Path] | None) -> list[Path]:
    """The paths given, or those of the default paths that are there."""
    if paths:
        return paths
    found = _default_paths()
    if not found:
        raise SettingsError(f"no paths given, and there is neither {DEFAULT_PATHS[0]} nor {DEFAULT_PATHS[1]}/")
    return found


def _default_paths() -> list[Path]:
    """The default paths at which there is something."""
    return [path for path in DEFAULT_PATHS if path.is_file() or (path.is_dir() and any(path.iterdir()))]


def _status(planned: Plan, strict: bool) -> int:
    if planned.refused:
        return ERROR
    return DIFFERENCES if planned.writes or (strict and planned.unmanaged) else NOTHING


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


def _say(text: str) -> None:
    """For machines: as it is."""
    print(text)  # noqa: T201 (the answer itself)


def _show(text: str) -> None:
    """For people: rich's markup, in colours on a terminal."""
    Console(soft_wrap=True, highlight=False).print(text)


def _complain(message: str) -> None:
    Console(stderr=True, soft_wrap=True, markup=False, highlight=False).print(message)
