"""The settings of the portal: what is refused at start, and in which words."""

import pytest
from pydantic import ValidationError

from webapp.settings import Settings

NEEDED = {
    "client_portal_secret": "secret of the portal",
    "client_portal_directory_secret": "secret of the directory",
    "secret_key": "a key for tests only",
}


@pytest.mark.parametrize(
    "address",
    [
        "https://portal.example/attache",
        "https://portal.example/?a=b",
        "https://portal.example#top",
        "http://p/a/b/",
    ],
)
def test_portal_address_with_more_than_a_host(address: str):
    """A path, a query or a fragment is refused with one sentence: the portal answers at the root."""
    with pytest.raises(ValidationError) as refused:
        Settings(**NEEDED, portal_url=address)
    (error,) = refused.value.errors()
    assert error["loc"] == ("portal_url",)
    assert "must end after the host and port" in error["msg"]


@pytest.mark.parametrize("address", ["https://portal.example", "https://portal.example/", "http://localhost:8000"])
def test_portal_address(address: str):
    """A host, with a port or without; a slash at the end is taken off."""
    assert Settings(**NEEDED, portal_url=address).portal_url == address.rstrip("/")


@pytest.mark.parametrize("months", ["-1", "25", "six", "6.5"])
def test_months_between_reviews_that_are_refused(months: str):
    """A company is not to be reviewed less often than a review is kept."""
    with pytest.raises(ValidationError) as refused:
        Settings(**NEEDED, review_months=months)
    (error,) = refused.value.errors()
    assert error["loc"] == ("review_months",)


def test_no_review_begins_by_itself_unless_that_is_asked_for():
    assert Settings(**NEEDED).review_months == 0
    assert Settings(**NEEDED, review_months="12").review_months == 12
