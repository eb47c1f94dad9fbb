# Needs Python 3.11 or newer and make; everything else is fetched into .venv and the user's cache folder.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
AUDIT := .venv-audit/bin
MUTATION := .venv-mutation/bin
PO := $(wildcard webapp/translations/*/LC_MESSAGES/*.po)
MO := $(PO:.po=.mo)
EXTRACT := -F babel.cfg -k _ -k _l -k lazy_gettext -k gettext -k ngettext:1,2 --no-location --sort-output
# Test processes: one for each core, eight at most, and one more where they wait for servers and browsers. Long groups
# begin first (tests/groups.py).
PROCESSES := --maxprocesses 8 --dist loadscope --no-loadscope-reorder
CORES := $$(getconf _NPROCESSORS_ONLN)
BUSY := -n $(CORES) $(PROCESSES)
WAITING := -n $$(($(CORES) + 1)) $(PROCESSES)

# What prepares Keycloak for `make test`. `.ci/run`, which has started it already, says `true`; the tests wait for it.
FETCH := $(BIN)/python -m sandbox fetch

.DEFAULT_GOAL := help
.PHONY: help demo cluster test test-keycloak test-generated test-fast coverage pictures screenshots lint types arch structure audit sbom mutation faults bench bench-provisioner bench-portal load soak baseline dist lock translations clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) $(MO) ## Keycloak, mail catcher, portal and sample service, from nothing; Ctrl-C ends it
	@exec $(BIN)/python -m sandbox demo

cluster: $(READY) $(MO) ## as demo, on more than one: two portals, two Keycloaks, PostgreSQL, behind HAProxy
	@exec $(BIN)/python -m sandbox cluster

test: $(READY) $(MO) ## the whole test suite, real Keycloak and real browser included
	@$(FETCH)
	@$(BIN)/python -m sandbox browser
	@$(BIN)/python -m pytest $(WAITING) --enforce-budget

test-keycloak: $(READY) $(MO) ## the tests on the real Keycloak, without a browser; KEYCLOAK_VERSION names another one
	@$(BIN)/python -m sandbox fetch
	@$(BIN)/python -m pytest $(WAITING) -m "keycloak and not browser"

test-generated: $(READY) $(MO) ## realm files drawn at random, others each time: imported, applied and planned again
	@$(BIN)/python -m sandbox fetch
	@GENERATED_REALMS=200 $(BIN)/python -m pytest -q --hypothesis-profile=explore --timeout 3600 \
		tests/keycloak/provisioner/test_generated.py

test-fast: $(READY) $(MO) ## the quick tests that need neither Keycloak nor a browser
	@$(BIN)/python -m pytest $(BUSY) -m "not keycloak and not browser and not postgres and not slow"

coverage: $(READY) $(MO) ## how much of the code runs in tests without a browser and in those of the provisioner on Keycloak
	@mkdir -p build
	@$(BIN)/python -m sandbox fetch
	@$(BIN)/python -m pytest -q $(BUSY) -m "not keycloak and not browser and not postgres" --cov --cov-report=
	@$(BIN)/python -m pytest -q tests/keycloak/provisioner --cov --cov-append \
		--cov-report=json:build/coverage.json --cov-report=
	@$(BIN)/python .ci/covered.py build/coverage.json

pictures: $(READY) $(MO) ## take the pictures of the guide anew, in every language
	@PICTURES=webapp/static/help $(BIN)/python -m pytest -q tests/browser/test_pictures.py

screenshots: $(READY) $(MO) ## every page in both languages, light and dark, wide and on a phone: docs/guide/screenshots
	@$(BIN)/python -m tests.look.screenshots docs/guide/screenshots

lint: $(READY) ## style of the code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## types of the code
	@$(BIN)/mypy

arch: $(READY) ## layers: who may import whom
	@$(BIN)/lint-imports

structure: $(READY) ## figures of the structure: rooms, arrows, long files and functions
	@$(BIN)/python .ci/structure.py

audit: .venv-audit/.ready ## bandit, semgrep with our own rules, pip-audit of the lock: no finding of medium or more
	@$(AUDIT)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml \
		directory provisioner webapp sandbox
	@$(AUDIT)/semgrep scan --test --quiet --metrics=off --disable-version-check --config .semgrep/rules .semgrep/examples
	@$(AUDIT)/semgrep scan --error --quiet --metrics=off --disable-version-check --config ./.semgrep/rules \
		directory provisioner webapp sandbox keycloak
	@$(AUDIT)/python .ci/libraries.py

sbom: .venv-audit/.ready ## what the portal is made of, as CycloneDX: build/sbom.json
	@mkdir -p build
	@$(AUDIT)/cyclonedx-py requirements requirements-runtime.lock --pyproject pyproject.toml \
		--mc-type application --spec-version 1.6 --output-reproducible --output-format JSON \
		--output-file build/sbom.json
	@$(AUDIT)/python -c 'import json; print(len(json.load(open("build/sbom.json"))["components"]), "components in build/sbom.json")'

mutation: $(READY) .venv-mutation/.ready ## changes rights, guards and encoding in small ways: do the tests notice?
	@rm -rf mutants && mkdir -p build
	@nice $(MUTATION)/mutmut run --max-children 2 >build/mutation.log 2>&1 || { tail -n 40 build/mutation.log >&2; exit 1; }
	@$(MUTATION)/python .ci/mutation.py

faults: $(READY) $(MO) ## the faults of docs/reliability.md at length: 10,000 steps, 50 rounds of each race, an upgrade of Keycloak, a cluster
	@FAULT_STEPS=10000 FAULT_STEPS_REAL=500 FAULT_EVERY=1 FAULT_PEOPLE=500 FAULT_ROUNDS=50 FAULT_UPGRADE=1 FAULT_CLUSTER=1 \
		$(BIN)/python -m pytest tests/faults tests/web/storage \
		tests/unit/webapp/storage tests/unit/webapp/people/test_recovery.py \
		tests/browser/test_mail_server_down.py tests/deployment/test_keycloak_down.py

bench: $(READY) $(MO) ## the figures of docs/benchmarks.md
	@$(BIN)/python -m bench

bench-provisioner: $(READY) ## what the provisioner costs: 50, 200 and 1,000 companies, a realm file of 300 kB
	@$(BIN)/python -m bench provisioner realms

bench-portal: $(READY) $(MO) ## what the portal costs, with Keycloak on H2 and on PostgreSQL
	@$(BIN)/python -m bench portal lists lists-postgres imports

load: $(READY) $(MO) ## 50 list requests/s for 60 s (LOAD_RATE, LOAD_SECONDS), then sign-ins: what limits first
	@$(BIN)/python -m bench load

soak: $(READY) $(MO) ## 5 list requests/s for SOAK_MINUTES (30): do memory and open files stay flat? build/soak.svg
	@$(BIN)/python -m bench soak

baseline: $(READY) ## note what a new realm of the pinned Keycloak holds, for the provisioner
	@$(BIN)/python -m tests.keycloak.provisioner.baseline

dist: $(READY) $(MO) ## the wheel and the source distribution: build/dist
	@$(BIN)/uv build --offline --quiet --out-dir build/dist

lock: $(READY) ## pin the newest versions of what pyproject.toml asks for
	@$(BIN)/uv pip compile pyproject.toml --group sandbox --group test --group dev --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --upgrade --output-file requirements.lock --quiet
	@$(BIN)/uv pip compile pyproject.toml --constraint requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --no-annotate --output-file requirements-runtime.lock --quiet
	@$(BIN)/uv pip compile --group audit --universal --only-binary semgrep --no-strip-extras \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --upgrade --output-file requirements-audit.lock --quiet
	@$(BIN)/uv pip compile --group mutation --constraint requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --upgrade --output-file requirements-mutation.lock --quiet
	@$(BIN)/python -m tests.architecture.locks

translations: $(READY) ## bring the catalogues up to the messages of the code
	@$(BIN)/pybabel -q extract $(EXTRACT) --project Attaché -o .venv/messages.pot .
	@$(BIN)/pybabel -q update -i .venv/messages.pot -d webapp/translations --no-fuzzy-matching --no-wrap
	@$(MAKE) --no-print-directory $(MO)

clean: ## forget the demo's data (the cache of downloads stays)
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m sandbox clean; else rm -rf var; fi

%.mo: %.po $(READY)
	@$(BIN)/pybabel -q compile -i $< -o $@

.venv-audit/.ready: requirements-audit.lock
	@echo "Installing the pinned tools of the audit into .venv-audit (once)"
	@$(PYTHON) -m venv .venv-audit
	@$(AUDIT)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-audit.lock
	@$(AUDIT)/python -m pip check --disable-pip-version-check
	@touch $@

.venv-mutation/.ready: requirements-mutation.lock $(READY)
	@echo "Installing the pinned mutation tool into .venv-mutation (once)"
	@$(PYTHON) -m venv .venv-mutation
	@$(MUTATION)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-mutation.lock
	@$(MUTATION)/python -m pip check --disable-pip-version-check
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$($(MUTATION)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/libraries.pth"
	@touch $@

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "This Python has no venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing the pinned libraries into .venv (once, about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip check --disable-pip-version-check
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/attache.pth"
	@printf '#!/bin/sh\nexec "%s" -m provisioner "$$@"\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/provisioner
	@printf '#!/bin/sh\nexec "%s" -c "from webapp.cli import main; main()" "$$@"\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/portal
	@chmod +x $(BIN)/provisioner $(BIN)/portal
	@touch $@
