"""French elision in the messages of the portal."""

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from webapp.wording import labels
from webapp.wording.elision import elide, starts_with_vowel_sound


@pytest.mark.parametrize(
    "name", ["Inès", "Émile", "anne", "Œuvre", "Yves", "Hélène", "Henri", "Hydro-Québec", "Ÿvonne"]
)
def test_vowel_sounds(name: str) -> None:
    """« d’ » is written before a vowel, with or without an accent, a y before a consonant, a silent h."""
    assert starts_with_vowel_sound(name)


@pytest.mark.parametrize("name", ["Bruno", "Yasmine", "Youssef", "Y", "Hassan", "Heidi", "Hugo", "3M", ""])
def test_other_sounds(name: str) -> None:
    """« de » stays before a consonant, a y before a vowel, an aspirated h, a digit and nothing."""
    assert not starts_with_vowel_sound(name)


def test_only_de_before_a_value() -> None:
    """The word before the value is shortened, in its case; « de » inside a word or before other words is not."""
    message = "De %(a)s, code %(b)s, de la part de %(c)s, de %(d)s"
    values = {"a": "Inès", "b": "Inès", "c": "Émile", "d": "Bruno"}
    assert elide(message, values) % values == "D’Inès, code Inès, de la part d’Émile, de Bruno"


def test_messages_of_code_and_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to a message elide in French, and the value is still escaped in a template; English has none."""
    app = Flask(__name__)
    Babel(app)
    labels.install(app)

    class Catalogue:
        def ugettext(self, message: str) -> str:
            return {"m": "Message de %(name)s"}.get(message, message)

    monkeypatch.setattr(labels.flask_babel, "get_translations", Catalogue)
    template = app.jinja_env.from_string("{% autoescape true %}{{ gettext('m', name=name) }}{% endautoescape %}")
    with app.test_request_context():
        with force_locale("fr"):
            assert labels.gettext("m", name="Inès") == "Message d’Inès"
            assert template.render(name="Inès <b>") == "Message d’Inès &lt;b&gt;"
        with force_locale("en"):
            assert labels.gettext("m", name="Inès") == "Message de Inès"
