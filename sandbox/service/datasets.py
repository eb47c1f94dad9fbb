"""What the service has to show: sample figures, public ones as files, private ones made up from a company's id."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("data")
PUBLIC = ("production-par-filiere", "consommation-par-region", "pointes-mensuelles")
"""The public data sets; the first is shown on the home page."""
SITES = ("Atelier", "Entrepôt", "Siège", "Station de pompage", "Plateforme logistique", "Laboratoire", "Forge")
TOWNS = ("Nantes", "Lyon", "Lille", "Toulouse", "Rennes", "Grenoble", "Metz", "Bordeaux", "Dijon")


@dataclass(frozen=True)
class Table:
    """A CSV file's content; every cell as it stands there."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class DeliveryPoint:
    """One place where a company takes electricity."""

    number: str
    site: str
    subscribed_kw: int
    month_mwh: float


def public_file(name: str) -> Path | None:
    """The file of a public data set, or None when there is no such data set."""
    return FOLDER / f"{name}.csv" if name in PUBLIC else None


def public_table(name: str) -> Table:
    """A public data set, read."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file)
    return Table(name, tuple(columns), tuple(map(tuple, rows)))


def delivery_points(company_id: str) -> list[DeliveryPoint]:
    """The sample delivery points of a company: made up, the same at every call."""
    digits = hashlib.sha256(company_id.encode()).digest()
    points = []
    for index in range(4 + digits[0] % 4):
        a, b, c = digits[index * 3 + 1 : index * 3 + 4]
        kilowatts = 36 + 12 * a
        points.append(
            DeliveryPoint(
                number=f"{30000000000000 + int.from_bytes(digits[index : index + 5]):014d}"[:14],
                site=f"{SITES[b % len(SITES)]} {TOWNS[c % len(TOWNS)]}",
                subscribed_kw=kilowatts,
                month_mwh=round(kilowatts * (0.18 + b / 1000), 1),
            )
        )
    return points
