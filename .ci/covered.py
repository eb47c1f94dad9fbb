"""How much of the code the tests run: branches overall, and lines and branches of what decides.

Exit status 1 below a floor. The figure counts all code; the tests that are measured are those that need neither
Keycloak nor a browser nor a PostgreSQL server, and those of the provisioner on a real Keycloak. The modules of
`WHOLE` must be run to the last line and branch.
"""

import json
import sys
from pathlib import Path

FLOOR = 90.0
WHOLE = (
    "directory/model.py",
    "directory/encoding.py",
    "provisioner/planning/plan.py",
    "webapp/people/policies.py",
)


def main(report: Path) -> int:
    """Print the figures of coverage's JSON report; whether each reaches its floor."""
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    packages = sorted({name.partition("/")[0] for name in files})
    for package in packages:
        print(f"branches of {package}: {branches(package + '/', files):.1f} %")
    overall = branches("", files)
    print(f"branches overall: {overall:.1f} % (floor {FLOOR} %)")
    low = overall < FLOOR
    for name in WHOLE:
        missed = missing(files[name]) if name in files else ["the module"]
        print(f"{name}: {'whole' if not missed else 'not run: ' + ', '.join(missed)}")
        low = low or bool(missed)
    return int(low)


def branches(prefix: str, files: dict[str, dict]) -> float:
    """Return the share of branches that were taken, in percent, of the files whose names begin so."""
    sums = [each["summary"] for name, each in files.items() if name.startswith(prefix)]
    total = sum(each["num_branches"] for each in sums)
    return 100.0 * sum(each["covered_branches"] for each in sums) / total if total else 100.0


def missing(file: dict) -> list[str]:
    """Return the lines and branches of a file that no test ran, as `12` and `12->14`."""
    lines = [str(line) for line in file["missing_lines"]]
    return lines + [f"{start}->{end}" for start, end in file["missing_branches"]]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
