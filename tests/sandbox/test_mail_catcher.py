"""The mail catcher over real SMTP and HTTP."""

import smtplib
import threading
from email.message import EmailMessage

import pytest
import requests

from sandbox.mail_catcher import Behaviour, MailCatcher
from sandbox.mail_store import read_mail
from sandbox.ports import is_free


@pytest.fixture
def mail():
    with MailCatcher() as catcher:
        yield catcher


def a_mail(subject="Activation de votre compte", to="lea.petit@acme.example"):
    message = EmailMessage()
    message["From"] = "Portail énergie <no-reply@portal.example>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Bonjour Léa,\nhttps://portal.example/activer?clé=1\n")
    message.add_alternative("<p>Bonjour <b>Léa</b></p><script>alert(1)</script>", subtype="html")
    return message


def send(catcher, message, recipients=None, timeout=5):
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=timeout) as client:
        client.send_message(message, to_addrs=recipients)


def messages(catcher):
    return requests.get(f"{catcher.url}/api/messages", timeout=5).json()


def test_a_mail_is_readable_through_the_api(mail):
    """Exactly the contract's keys, headers and bodies decoded."""
    send(mail, a_mail())
    (found,) = messages(mail)
    assert set(found) == {"id", "to", "from", "subject", "date", "text", "html"}
    assert found["to"] == ["lea.petit@acme.example"]
    assert found["from"] == "Portail énergie <no-reply@portal.example>"
    assert found["subject"] == "Activation de votre compte"
    assert found["text"] == "Bonjour Léa,\nhttps://portal.example/activer?clé=1\n"
    assert "<b>Léa</b>" in found["html"]
    assert found["date"].endswith("+00:00")
    assert requests.get(f"{mail.url}/api/messages/{found['id']}", timeout=5).json() == found


def test_encoded_subject_newest_first_and_every_recipient(mail):
    """The envelope says who got it, hidden copies included."""
    send(mail, a_mail("Première"))
    send(mail, a_mail("Détaché·e d’une société ⚡"), ["a@acme.example", "hidden@acme.example"])
    second, first = messages(mail)
    assert second["subject"] == "Détaché·e d’une société ⚡"
    assert second["to"] == ["a@acme.example", "hidden@acme.example"]
    assert first["subject"] == "Première"


def test_emptying(mail):
    """DELETE forgets every mail."""
    send(mail, a_mail())
    assert requests.delete(f"{mail.url}/api/messages", timeout=5).status_code == 204
    assert messages(mail) == []


@pytest.mark.slow
def test_mails_are_there_again_after_a_restart(tmp_path):
    """A folder keeps them, until they are emptied."""
    with MailCatcher(folder=tmp_path) as catcher:
        send(catcher, a_mail("Un"))
        send(catcher, a_mail("Deux"))
        before = messages(catcher)
    with MailCatcher(folder=tmp_path) as catcher:
        assert messages(catcher) == before
        requests.delete(f"{catcher.url}/api/messages", timeout=5)
    with MailCatcher(folder=tmp_path) as catcher:
        assert messages(catcher) == []


def test_the_page_escapes_what_a_mail_says(mail):
    """A mail's subject and text are text, its HTML stays in a frame without rights."""
    send(mail, a_mail("<script>alert(2)</script>"))
    (found,) = messages(mail)
    index = requests.get(mail.url, timeout=5)
    assert "<script>" not in index.text
    assert "&lt;script&gt;alert(2)" in index.text
    shown = requests.get(f"{mail.url}/messages/{found['id']}", timeout=5)
    assert "<script>" not in shown.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown.text
    assert 'href="https://portal.example/activer?clé=1"' in shown.text
    framed = requests.get(f"{mail.url}/messages/{found['id']}/html", timeout=5)
    assert "<b>Léa</b>" in framed.text
    assert "sandbox" in framed.headers["Content-Security-Policy"]
    assert "script-src" not in framed.headers["Content-Security-Policy"]
    assert "default-src 'none'" in framed.headers["Content-Security-Policy"]


def test_an_unknown_mail_is_404(mail):
    """On the page and through the API."""
    for path in ("/messages/1", "/messages/1/html", "/api/messages/1"):
        assert requests.get(f"{mail.url}{path}", timeout=5).status_code == 404


def test_a_foreign_host_name_is_refused(mail):
    """A page elsewhere cannot read the mails by giving this address another name."""
    answer = requests.get(f"{mail.url}/api/messages", headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 400


@pytest.mark.parametrize(("behaviour", "code"), [(Behaviour.REFUSE, 550), (Behaviour.DEFER, 451)])
def test_refusing(mail, behaviour, code):
    """The client hears the code, nothing is kept, and all is well again afterwards."""
    mail.behaviour = behaviour
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(mail, a_mail())
    assert [answer[0] for answer in refused.value.recipients.values()] == [code]
    assert messages(mail) == []
    mail.behaviour = Behaviour.ACCEPT
    send(mail, a_mail())
    assert len(messages(mail)) == 1


def test_silence(mail):
    """The connection is taken, no command is answered, and the catcher can still be stopped."""
    mail.behaviour = Behaviour.SILENT
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(mail, a_mail(), timeout=0.5)
    assert messages(mail) == []


def test_being_down_and_coming_back(mail):
    """Connections are refused while down; the page answers all the time."""
    mail.stop_smtp()
    with pytest.raises(ConnectionRefusedError):
        send(mail, a_mail())
    assert messages(mail) == []
    mail.start_smtp()
    send(mail, a_mail())
    assert len(messages(mail)) == 1


def test_many_at_once(mail):
    """Twenty senders, twenty mails, twenty different ids."""
    threads = [threading.Thread(target=send, args=(mail, a_mail(str(n)))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = messages(mail)
    assert len({each["id"] for each in found}) == 20
    assert [each["id"] for each in found] == sorted((each["id"] for each in found), reverse=True)


def test_ports_are_free_again():
    """Nothing listens after `stop()`."""
    with MailCatcher() as catcher:
        assert not is_free(catcher.smtp_port)
        assert not is_free(catcher.http_port)
    assert is_free(catcher.smtp_port)
    assert is_free(catcher.http_port)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"Subject: x\r\nContent-Type: text/plain; charset=no-such\r\n\r\ncaf\xe9\r\n", "café\n"),
        (b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ncaf\xe9", "caf\ufffd"),
        (b"Subject: x\r\nContent-Type: application/pdf\r\n\r\n%PDF", ""),
        (b"", ""),
    ],
)
def test_odd_mails_are_kept_all_the_same(content, text):
    """Unknown charset, broken bytes, no text at all, nothing at all."""
    assert read_mail("1", content, ["a@acme.example"]).text == text
