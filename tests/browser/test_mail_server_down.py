"""What people see when the mail server is not there, on the real one."""

import pytest

from sandbox.mail_catcher import Behaviour
from tests.browser.conftest import NewPerson
from tests.browser.people import new_address

pytestmark = pytest.mark.browser

THOMAS = "thomas.dubois@flandre.example"
COMPANY = "flandre-chaleur"


def test_mail_server_down(new_person: NewPerson) -> None:
    """The account is there, the list says « Mail non envoyé », and one press sends the mail later."""
    thomas = new_person()
    email = new_address()
    thomas.signs_in(THOMAS)
    thomas.stack.mail.behaviour = Behaviour.REFUSE
    try:
        thomas.creates(email, **{COMPANY: ("user", "internal")})
        assert "Mail non envoyé" in thomas.row(email).inner_text()
        assert thomas.mails_to(email) == []
        thomas.presses("Renvoyer", thomas.row(email))
        assert thomas.page.inner_text("h1") == "Mail non envoyé", "the second try failed too, and says so"
    finally:
        thomas.stack.mail.behaviour = Behaviour.ACCEPT
    thomas.presses("Réessayer")
    assert "En cours d'activation" in thomas.row(email).inner_text()
    assert len(thomas.mails_to(email)) == 1
