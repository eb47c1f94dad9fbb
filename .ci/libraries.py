"""Whether a library of the locks has a known vulnerability, as pip-audit hears it from the package index.

Exit status 1 when one has. An index that keeps no advisories (a mirror) is said, in words and in figures: then
nothing was audited, which is not the same as nothing found. `AUDIT_STRICT=1` makes that a failure too.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

LOCKS = ("requirements.lock", "requirements-audit.lock", "requirements-mutation.lock")


def main() -> int:
    """Audit every lock."""
    worst = 0
    for lock in LOCKS:
        command = [Path(sys.executable).parent / "pip-audit", "-r", lock, "--require-hashes", "--disable-pip"]
        command += ["--format", "json", "--progress-spinner", "off", "--vulnerability-service", "pypi"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if not done.stdout:
            sys.stderr.write(f"{lock}: pip-audit did not run\n{done.stderr}\n")
            worst = max(worst, 1)
            continue
        worst = max(worst, report(lock, json.loads(done.stdout)["dependencies"]))
    return worst


def report(lock: str, libraries: list[dict]) -> int:
    """Print what is known of a lock's libraries; the exit status it deserves."""
    unknown = [one["name"] for one in libraries if "skip_reason" in one]
    found = [(one, flaw) for one in libraries for flaw in one.get("vulns", ())]
    for one, flaw in found:
        fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"{lock}: {one['name']} {one['version']}: {flaw['id']}, mended in {fixed}")
    print(f"{lock}: {len(libraries) - len(unknown)} of {len(libraries)} libraries audited, {len(found)} findings")
    if unknown:
        print(f"{lock}: NOT AUDITED, the index has no advisories of them: {len(unknown)} libraries")
    return int(bool(found) or (bool(unknown) and os.environ.get("AUDIT_STRICT") == "1"))


if __name__ == "__main__":
    sys.exit(main())
