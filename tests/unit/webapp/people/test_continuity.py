"""Which companies are about to be without an administrator, or are."""

from tests.builders import NOON, a_company, a_member, a_user, an_attachment
from webapp.people.continuity import Shortage, shortage

ACME, BOLT, COLT = a_company("acme"), a_company("bolt"), a_company("colt")


def test_only_active_administrators_count():
    """Somebody pending or disabled cannot act; a plain user may not."""
    members = [
        a_member(a_user(), an_attachment(ACME, administrator=True), an_attachment(BOLT)),
        a_member(a_user(), an_attachment(ACME, administrator=True)),
        a_member(a_user(), an_attachment(COLT, administrator=True), an_attachment(BOLT)),
        a_member(a_user(enabled=False), an_attachment(BOLT, administrator=True)),
        a_member(a_user(password_required=True), an_attachment(BOLT, administrator=True)),
        a_member(a_user(password_required=True), an_attachment(COLT, administrator=True)),
    ]

    assert shortage([ACME, BOLT, COLT], members, NOON) == Shortage(without=(BOLT,), single=(COLT,))


def test_other_companies_do_not_matter():
    members = [a_member(a_user(), an_attachment(BOLT, administrator=True))]

    assert shortage([ACME], members, NOON) == Shortage(without=(ACME,), single=())
