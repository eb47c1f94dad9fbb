"""The commands and their exit status. This module connects all others."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.prompt import Confirm

from provisioner import loader
from provisioner.checking.findings import check
from provisioner.checking.inspection import inspect
from provisioner.errors import Problem, ProvisionerError, SettingsError
from provisioner.exporting import files as write_files
from provisioner.exporting.export import EVERYTHING, export
from provisioner.kinds.registry import FORMATS
from provisioner.loader import Loaded
from provisioner.model.changes import Plan
from provisioner.model.ports import Realm
from provisioner.model.state import RealmState
from provisioner.planning.apply import apply as apply_plan
from provisioner.planning.plan import plan as make_plan
from provisioner.reading import discovery
from provisioner.reading.documents import read_documents, warning_of
from provisioner.rendering import plan_file, render
from provisioner.rendering.terminal import print_error, print_markup, print_text, progress_bar
from provisioner.representation.json_schema import schema
from provisioner.server import baseline
from provisioner.server.realm import KeycloakRealm
from provisioner.settings import Options, connection

if TYPE_CHECKING:
    from provisioner.server.calls import KeycloakApi

DEFAULT_PATHS = (Path("keycloak/realm-export.json"), Path("companies"))
NOTHING, ERROR, DIFFERENCES = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Run:
    """The desired and the observed state of a run, and the plan between them."""

    loaded: Loaded
    observed: RealmState
    realm: Realm
    plan: Plan

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Those about the files themselves, then those about what the server makes of them."""
        return _warnings(self.loaded, self.plan)


@dataclass(frozen=True, slots=True)
class Shown:
    """How a plan is shown to people: as Markdown or as text, in full or folded."""

    as_markdown: bool = False
    verbose: bool = False


class Verbs:
    """The commands for one connection. With `as_json`, standard output is one JSON object and nothing else."""

    def __init__(self, options: Options, as_json: bool = False) -> None:
        self._options = options
        self._as_json = as_json

    def run(self, verb: Callable[[], int]) -> int:
        """Run a command and return its exit status; a `ProvisionerError` is a message on standard error and status
        1."""
        try:
            return verb()
        except ProvisionerError as error:
            if self._as_json:
                print_text(render.error_as_json(str(error)))
            print_error(str(error))
            return ERROR

    def validate(self, paths: list[Path] | None, strict: bool) -> int:
        """Without a server."""
        loaded = self._loaded(paths)
        warnings = _warnings(loaded)
        if self._as_json:
            print_text(render.warnings_as_json(warnings))
        else:
            for line in render.warnings_as_text(warnings):
                print_markup(line)
            print_text(render.validated(loaded.desired, len(_files(loaded)), warnings))
        return ERROR if strict and warnings else NOTHING

    def plan(self, paths: list[Path] | None, shown: Shown, out: Path | None, strict: bool) -> int:
        """Shows it, and saves it to `out`."""
        run = self._run(self._loaded(paths))
        if out is not None:
            out.write_text(plan_file.as_json(run.plan, run.loaded.documents), encoding="utf-8")
        self._print(run, shown)
        return ERROR if strict and run.warnings else _status(run.plan, strict=False)

    def drift(self, paths: list[Path] | None, shown: Shown, strict: bool) -> int:
        """The plan; with `strict`, what others made is a difference, too."""
        run = self._run(self._loaded(paths))
        self._print(run, shown)
        return _status(run.plan, strict)

    def apply(self, paths: list[Path] | None, yes: bool, prune: bool, shown: Shown, strict: bool) -> int:
        """Makes the plan, or a saved one if it is still the same; with `strict`, none that has warnings."""
        was_saved = plan_file.read(paths[0]) if paths and len(paths) == 1 else None
        if was_saved:
            documents = plan_file.documents(was_saved)
            loaded = loader.load_documents(documents, os.environ, self._options.keycloak_realm)
        else:
            loaded = self._loaded(paths)
        run = self._run(loaded)
        if was_saved:
            plan_file.check(was_saved, run.plan)
        is_barred = bool(run.plan.refused or (strict and run.warnings))
        if not self._as_json or is_barred:
            self._print(run, shown)
        return ERROR if is_barred else self._apply(run, yes, prune)

    def _apply(self, run: Run, yes: bool, prune: bool) -> int:
        changes = run.plan.to_make(prune)
        if changes and not yes:
            self._ask()
        with progress_bar(len(changes), quiet=self._as_json, doing="applying") as advance:
            outcome = apply_plan(
                run.loaded.desired,
                run.plan,
                run.observed,
                run.realm,
                prune=prune,
                progress=lambda count: advance(count, None),
                waiting=print_error,
            )
        if self._as_json:
            told = tuple(warning_of(remark) for remark in outcome.warnings)
            print_text(render.as_json(run.plan, (*run.warnings, *told), outcome))
        elif run.plan.writes:
            print_markup(render.outcome_as_text(outcome))
        return NOTHING if outcome.complete else ERROR

    def export(self, folder: Path) -> int:
        """Write the files of an export; print their paths and the variables that they need."""
        write_files.check(folder)
        name = self._realm_name()
        observed = self._realm(name).observe(RealmState(name, {}, contains=EVERYTHING))
        if not observed.exists:
            raise SettingsError(f"there is no realm {name} on {self._options.keycloak_url}")
        exported = export(observed, baseline.state(name))
        for path in write_files.write(exported, folder):
            print_text(str(path))
        if exported.variables:
            print_error("Secrets are not in the files; set these variables: " + ", ".join(exported.variables))
        return NOTHING

    def check(self) -> int:
        """Show the findings of a check."""
        name = self._realm_name()
        api = self._api(name)
        with progress_bar(None, quiet=self._as_json, doing="reading companies") as advance:
            findings = check(inspect(api, api.own_rights(), advance))
        if self._as_json:
            print_text(render.findings_as_json(findings))
        else:
            print_markup(render.findings_as_text(name, findings))
        return DIFFERENCES if findings else NOTHING

    def schema(self) -> int:
        """Print the JSON Schema of the files."""
        print_text(json.dumps(schema(each.shape for each in FORMATS), ensure_ascii=False, indent=2))
        return NOTHING

    def _loaded(self, paths: list[Path] | None) -> Loaded:
        return loader.load(_existing(paths), os.environ, self._options.keycloak_realm)

    def _run(self, loaded: Loaded) -> Run:
        realm = self._realm(loaded.desired.realm)
        observed = realm.observe(loaded.desired)
        return Run(loaded, observed, realm, make_plan(loaded.desired, observed))

    def _realm(self, name: str) -> Realm:
        return KeycloakRealm(self._api(name))

    def _api(self, name: str) -> "KeycloakApi":
        # imported here: the library takes a third of the start-up time, and `validate` does not need it
        from provisioner.server.calls import KeycloakApi

        return KeycloakApi(name, connection(self._options, name))

    def _realm_name(self) -> str:
        """Return the realm for commands without files: from the settings, or else from the default files."""
        if self._options.keycloak_realm:
            return self._options.keycloak_realm
        for content in (
            document.content for path in discovery.find(_default_paths()) for document in read_documents(path)
        ):
            if isinstance(content, dict) and isinstance(content.get("realm"), str):
                return str(content["realm"])
        raise SettingsError("KEYCLOAK_REALM is not set, and no default file names a realm")

    def _print(self, run: Run, shown: Shown) -> None:
        if self._as_json:
            print_text(render.as_json(run.plan, run.warnings))
        elif shown.as_markdown:
            print_text(render.as_markdown(run.plan, run.warnings))
        else:
            print_markup(render.as_text(run.plan, run.warnings, verbose=shown.verbose))

    def _ask(self) -> None:
        if self._as_json or not sys.stdin.isatty():
            raise SettingsError("nothing was written: apply without a terminal needs --yes")
        if not Confirm.ask("Apply these changes?", default=False):
            raise SettingsError("nothing was written")


def _existing(paths: list[Path] | None) -> list[Path]:
    """Return the given paths, or the default paths that exist."""
    if paths:
        return paths
    found = _default_paths()
    if not found:
        raise SettingsError(f"no paths given, and there is neither {DEFAULT_PATHS[0]} nor {DEFAULT_PATHS[1]}/")
    return found


def _default_paths() -> list[Path]:
    """Return the default paths that exist and are not empty."""
    return [path for path in DEFAULT_PATHS if path.is_file() or (path.is_dir() and any(path.iterdir()))]


def _warnings(loaded: Loaded, planned: Plan | None = None) -> tuple[Problem, ...]:
    remarks = planned.remarks if planned else loaded.desired.remarks
    return (*loaded.notes, *map(warning_of, remarks))


def _files(loaded: Loaded) -> set[str]:
    return {document.source.file for document in loaded.documents}


def _status(planned: Plan, strict: bool) -> int:
    if planned.refused:
        return ERROR
    return DIFFERENCES if planned.writes or (strict and planned.unmanaged) else NOTHING
