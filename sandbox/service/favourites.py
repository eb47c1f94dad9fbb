"""Which data sets a person marked as his favourites: kept per person, whatever his attachments become."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

TABLE = "CREATE TABLE IF NOT EXISTS favourite (person TEXT, name TEXT, PRIMARY KEY (person, name))"


class Favourites:
    """Kept in a file, or in memory without one. Safe between threads."""

    def __init__(self, file: Path | None = None) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute(TABLE)

    def of(self, person_id: str) -> set[str]:
        """The names of a person's favourites."""
        with self._lock:
            rows = self._connection.execute("SELECT name FROM favourite WHERE person = ?", (person_id,))
            return {name for (name,) in rows.fetchall()}

    def add(self, person_id: str, name: str) -> None:
        """Mark; once or twice is the same."""
        with self._lock:
            self._connection.execute("INSERT OR IGNORE INTO favourite VALUES (?, ?)", (person_id, name))

    def remove(self, person_id: str, name: str) -> None:
        """Unmark, marked or not."""
        with self._lock:
            self._connection.execute("DELETE FROM favourite WHERE person = ? AND name = ?", (person_id, name))

    def close(self) -> None:
        with self._lock:
            self._connection.close()
