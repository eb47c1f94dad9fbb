"""Small parts of the answers."""

import pytest
from flask import Flask
from flask_babel import Babel

from tests.builders import a_company, an_attachment
from webapp.errors import TooOftenError
from webapp.http import responses
from webapp.http.forms import present_rows, row_errors, typed_rows
from webapp.storage import rate_limits
from webapp.storage.rate_limits import Quota


@pytest.mark.parametrize(
    ("wait", "seconds"), [(0.0, 1), (0.001, 1), (0.999, 1), (1.0, 1), (1.001, 2), (59.2, 60), (-5, 1)]
)
def test_retry_after_is_whole_seconds_and_enough(wait: float, seconds: int):
    assert TooOftenError(wait, "activation_mail").retry_after == seconds


def test_each_quota_has_a_sentence_of_its_own():
    """What comes too soon is named, with its time."""
    quotas = {each.name for each in vars(rate_limits).values() if isinstance(each, Quota)}
    assert set(responses.POSSIBLE_AGAIN) == quotas
    app = Flask("bare")
    Babel(app)
    with app.test_request_context():
        sentences = {str(text) for text in responses.POSSIBLE_AGAIN.values()}
    assert len(sentences) == len(quotas) > 3
    assert all("%(moment)s" in sentence for sentence in sentences)


class TestRows:
    """The boxes of a form."""

    COMPANIES = (a_company("acme"), a_company("globex"))

    def test_present(self):
        """What is not attached proposes the least."""
        acme, globex = present_rows(self.COMPANIES, [an_attachment("acme", administrator=True, external=True)])
        assert (acme.attached, acme.role, acme.affiliation) == (True, "administrator", "external")
        assert (globex.attached, globex.role, globex.affiliation) == (False, "user", "internal")

    @pytest.mark.slow
    def test_typed_is_what_is_sent_on(self):
        """The hidden fields of the next step say the same as the boxes."""
        form = {"company-acme-attached": "1", "company-acme-role": "user", "company-acme-affiliation": "external"}
        acme, globex = typed_rows(self.COMPANIES, form)
        assert dict(acme.fields) == form
        assert acme.attachment == an_attachment("acme", external=True)
        assert globex.fields == []
        assert globex.attachment is None

    def test_company_whose_id_begins_like_anothers(self):
        """`acme` and `acme-attached` do not get mixed up."""
        companies = (a_company("acme"), a_company("acme-attached"), a_company("acme-role"))
        form = {
            "company-acme-attached-attached": "1",
            "company-acme-attached-role": "user",
            "company-acme-attached-affiliation": "internal",
        }
        app = Flask("bare")
        Babel(app)
        with app.test_request_context():
            rows = typed_rows(companies, form)
        assert [row.company.id for row in rows if row.attached] == ["acme-attached"]
        assert row_errors(rows) == []
