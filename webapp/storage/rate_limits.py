"""How often somebody may do something: counted in the database, so that all processes of the portal agree."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from webapp.errors import TooOftenError
from webapp.storage.database import Database, now, quota_uses
from webapp.storage.locks import locked

MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` uses in any `seconds` seconds, for each subject."""

    name: str
    limit: int
    seconds: float


LOOK_UPS = Quota("look_up", 60, HOUR)
"""Addresses that an administrator asks about (`product.md`, feature 6)."""
ACTIVATION_MAILS = Quota("activation_mail", 100, DAY)
"""Activation mails that an administrator sends again."""
SIGN_INS = Quota("sign_in", 120, MINUTE)
"""Sign-ins begun from one network address, behind which a whole company may be. Guessed passwords are Keycloak's
to count."""
IMPORTS = Quota("import", 120, HOUR)
"""Files of people that an administrator sends: once to see what they would do, once to do it."""
JOURNAL_EXPORTS = Quota("journal_export", 30, HOUR)
"""Files of the journal that an administrator takes away."""


def take(database: Database, quota: Quota, subject: str, key: str = "") -> None:
    """Use the quota once; `TooOftenError` says when the next use is possible, and nothing is counted then.

    `key` is what it is used for (an address), kept as a digest only: see `used_for`.
    """
    with locked(database, [f"quota:{quota.name}:{subject}"]), database.transaction() as connection:
        _forget(connection, quota, subject)
        if (wait := _wait(connection, quota, subject)) > 0:
            raise TooOftenError(wait, quota.name)
        connection.execute(
            insert(quota_uses).values(quota=quota.name, subject=subject, key=_digest(key), at=now())
        )


def subject_of(address: str, secret: str) -> str:
    """A network address as the subject of a quota: distinct, and not to be read back without the key."""
    return hmac.digest(secret.encode(), address.encode(), "sha256").hex()


def left(database: Database, quota: Quota, subject: str) -> int:
    """How many uses are left now."""
    query = select(func.count()).select_from(quota_uses).where(_recent(quota, subject))
    with database.engine.connect() as connection:
        return max(0, quota.limit - connection.execute(query).scalar_one())


def seconds_to_wait(database: Database, quota: Quota, subject: str) -> float:
    """Seconds until the next use is possible; 0 when it is now."""
    with database.engine.connect() as connection:
        return _wait(connection, quota, subject)


def used_for(database: Database, quota: Quota, subject: str, key: str) -> bool:
    """Whether the quota was used for this lately: the same question need not count twice."""
    query = select(quota_uses.c.id).where(_recent(quota, subject), quota_uses.c.key == _digest(key)).limit(1)
    with database.engine.connect() as connection:
        return connection.execute(query).first() is not None


def _wait(connection: Connection, quota: Quota, subject: str) -> float:
    """The use that must grow old first is the `limit`-th latest one."""
    query = (
        select(quota_uses.c.at)
        .where(_recent(quota, subject))
        .order_by(quota_uses.c.at.desc())
        .offset(quota.limit - 1)
        .limit(1)
    )
    blocking = connection.execute(query).scalar_one_or_none()
    return 0.0 if blocking is None else max(0.0, blocking + quota.seconds - now())


def _recent(quota: Quota, subject: str) -> ColumnElement[bool]:
    return (
        (quota_uses.c.quota == quota.name)
        & (quota_uses.c.subject == subject)
        & (quota_uses.c.at > now() - quota.seconds)
    )


def _forget(connection: Connection, quota: Quota, subject: str) -> None:
    connection.execute(
        delete(quota_uses).where(
            quota_uses.c.quota == quota.name,
            quota_uses.c.subject == subject,
            quota_uses.c.at <= now() - quota.seconds,
        )
    )


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest() if key else ""
