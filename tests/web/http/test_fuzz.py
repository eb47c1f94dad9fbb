"""Whatever is sent: no answer is a fault of ours, and none names what is not the sender's.

Texts of every kind in every field and every query, and requests put together at random for every route. The same
ones each time, so that a failure comes again.
"""

import io
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from directory.model import User
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.fake_identity import FakeIdentity
from tests.web.http.matrix import BY_NAME, ROWS, Case, Row, Spot, cases, expected
from tests.web.http.matrix_judge import leaks
from tests.web.http.matrix_world import Answer, World
from webapp.app import create_app
from webapp.http.context import EXTENSION
from webapp.settings import Settings

pytestmark = pytest.mark.slow

ACTOR = BY_NAME["administrator of A"]
EXAMPLES = bounded(derandomize=True, max_examples=25, database=None)
SPECIAL = (
    "",
    " ",
    "\x00",
    "\x1f\x7f\x85\u2028\u2029",
    "\r\nSet-Cookie: a=b",
    "'\"><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}%(name)s%s",
    "' OR 1=1 --",
    "%00%0d%0a%",
    "../../admin/realms",
    "=HYPERLINK(1)",
    "\U0001f9d1\u200d\U0001f4bb",
    "\u202eabc\ufeff",
    "e\u0301" * 200,
    "9" * 400,
    "-1",
    "0",
    "٣",
    "²",
    "1e309",
    "nan",
    "0000-00-00",
    "9999-12-31",
    "2026-W01-1",
    "x" * 5000,
    "initech",
    "acme",
    "*",
    "_%",
)
TEXTS = st.one_of(
    st.sampled_from(SPECIAL),
    st.text(max_size=40),
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Zs", "Zl", "Zp", "Nd", "No"]), max_size=12),
    st.from_regex(r"[a-z@.<>'\"%;:/-]{1,30}", fullmatch=True),
)
QUERIES = {
    "/users": ("q", "company", "role", "affiliation", "status", "until", "sort", "page", "next"),
    "/users.csv": ("q", "company", "role", "affiliation", "status", "until", "sort", "page", "spreadsheet"),
    "/users/new": ("email", "next"),
    "/users/import/{import}": ("outcome", "page", "refresh"),
    "/users/import/{import}.csv": ("outcome",),
    "/journal": ("q", "company", "from", "to", "page"),
    "/journal.csv": ("q", "company", "from", "to", "page", "spreadsheet"),
    "/users/{person}/attachments": ("next",),
    "/users/{person}/email": ("next",),
    "/users/{person}/replacement": ("next",),
    "/login": ("next",),
    "/login/callback": ("code", "state", "iss", "error", "error_description", "session_state"),
    "/help": ("next",),
}
NAMES = (
    "email",
    "last_name",
    "first_name",
    "title",
    "locale",
    "next",
    "seen",
    "account",
    "content",
    "logout_token",
)
BOXES = tuple(
    f"company-{one}-{part}" for one in ("acme", "initech") for part in ("attached", "role", "affiliation", "until")
)
SWITCHES = ("confirm", "ask", "back", "no_mails", "csrf_token")
HEADERS = (
    "Accept-Language",
    "Cookie",
    "Referer",
    "X-Forwarded-For",
    "Content-Type",
    "User-Agent",
    "Range",
    "X-Request-Id",
)


def filled(world: World, path: str) -> str:
    """The address of the actor's own things, and of somebody pending whom he may see."""
    imports = world.things["import", ACTOR.name]
    return path.replace("{import}", imports).replace("{person}", world.people["pending of A"].id)


def ask(world: World, method: str, path: str, fields: Any = None, **options: Any) -> Answer:
    """The answer to the actor; afterwards everything is as it was."""
    cookie, token = world.sessions[ACTOR.name]
    headers = {"Cookie": f"attache={cookie}", **options.pop("headers", {})}
    if fields is not None:
        options["data"] = {"csrf_token": token, **fields}
    client = world.app.test_client(use_cookies=False)
    with client.open(path, method=method, base_url=world.site, headers=headers, **options) as response:
        answer = Answer(response.status_code, response.get_data(as_text=True), dict(response.headers))
    if method == "POST" or answer.status == 429:
        world.reset()
    return answer


ANY = Case(ROWS[0], ACTOR, Spot())


def problems(world: World, answer: Answer, sent: str, case: Case = ANY) -> list[str]:
    """A fault of ours, a header that was smuggled in, or somebody's data; what was sent is no news."""
    found = [f"status {answer.status}"] if answer.status >= 500 else []
    found += [f"header {name}" for name, value in answer.headers.items() if "\n" in value or "\r" in value]
    found += ["a cookie that is not ours"] if "a=b" in answer.headers.get("Set-Cookie", "") else []
    return found + [leak for leak in leaks(world, case, answer) if leak.partition(" of ")[0] not in sent]


@pytest.mark.parametrize("path", QUERIES)
def test_any_text_in_any_query(path: str, world: World):
    """Each parameter of the page, alone and with the others."""
    names = QUERIES[path]

    @EXAMPLES
    @given(st.dictionaries(st.sampled_from(names), TEXTS, min_size=1))
    def check(query: dict[str, str]) -> None:
        answer = ask(world, "GET", filled(world, path), query_string=query)
        assert not problems(world, answer, str(query)), query

    check()


@pytest.mark.parametrize("parameter", ["q", "company", "from", "page", "sort"])
def test_bytes_that_are_no_text(parameter: str, world: World):
    """A query is bytes, and these are no UTF-8."""
    for raw in ("%ff%fe", "%c3%28", "%ed%a0%80", "%", "%zz", "%u0041"):
        for path in ("/users", "/journal", "/users.csv", "/journal.csv"):
            assert not problems(world, ask(world, "GET", f"{path}?{parameter}={raw}"), "")


def form_of(row: Row) -> list[Case]:
    """A case in which the actor may send the form."""
    return [case for case in cases(ACTOR) if case.row is row and expected(case) in {200, 303, 422}][:1]


FORMS = [case for row in ROWS if row.changes for case in form_of(row)]


@pytest.mark.parametrize("case", FORMS, ids=str)
def test_any_text_in_any_field(case: Case, world: World):
    """Each field of the form with something else in it, the rest as it should be, or missing."""
    own = world.fields(case)
    names = st.sampled_from(sorted({*own, *NAMES, *BOXES, *SWITCHES[:-1]}))

    @bounded(EXAMPLES, max_examples=12)
    @given(st.dictionaries(names, TEXTS, min_size=1, max_size=4), st.sets(names, max_size=2))
    def check(typed: dict[str, str], missing: set[str]) -> None:
        fields = {name: value for name, value in {**own, **typed}.items() if name not in missing}
        answer = ask(world, "POST", world.address(case), fields)
        assert not problems(world, answer, str(fields), case), fields

    check()


@EXAMPLES
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)), st.booleans())
def test_any_file(world: World, data: bytes, confirm: bool):
    """What is sent as a file of people, be it one or not."""
    head = b"email,last_name,first_name,title,locale,company,role,affiliation\n" if confirm else b""
    fields: dict[str, Any] = {"file": (io.BytesIO(head + data), "people.csv")}
    answer = ask(world, "POST", "/users/import", fields)
    assert not problems(world, answer, repr(data))


def requests_at_random(seed: int, world: World, number: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and the rest of so many requests: any route, any id, any fields, odd headers."""
    dice = random.Random(seed)  # noqa: S311 (the same requests each time)
    ids = [
        *[user.id for user in world.people.values()],
        *world.things.values(),
        *SPECIAL,
        "acme",
        "initech",
        "create",
    ]
    for _ in range(number):
        row: Row = dice.choice(ROWS)
        path = row.rule
        while "<" in path:
            before, _, rest = path.partition("<")
            path = before + quote(dice.choice(ids), safe="") + rest.partition(">")[2]
        options: dict[str, Any] = {"query_string": {dice.choice(NAMES): dice.choice(SPECIAL)}}
        if dice.random() < 0.3:
            options["headers"] = {dice.choice(HEADERS): header_safe(dice.choice(SPECIAL))}
        method = dice.choice(("GET", "POST", row.method, row.method, "HEAD", "OPTIONS", "PUT"))
        if method == "POST":
            some = dice.sample((*NAMES, *BOXES, *SWITCHES), dice.randrange(8))
            options["fields"] = {name: dice.choice(SPECIAL) for name in some}
        yield method, path, options


def header_safe(text: str) -> str:
    """A server hands no line break on, and only what fits one byte."""
    return text.encode("latin-1", "ignore").decode("latin-1").translate({ord(c): None for c in "\r\n\x00"})


def test_requests_at_random(world: World):
    """Eight hundred of them, over all routes."""
    wrong = []
    for method, path, options in requests_at_random(2026, world, 800):
        answer = ask(world, method, path, **options)
        if found := problems(world, answer, f"{path} {options}"):
            wrong.append(f"{method} {path} {options}: {found}")
    assert not wrong, "\n".join(wrong[:20])


def test_a_directory_that_fails_is_the_only_reason_for_503(world: World):
    """Each route while nothing answers: 503 that says when to come again, or what needs no directory."""
    world.directory.down = True
    try:
        answers = {"/users": ask(world, "GET", "/users")}
        for case in FORMS:
            answers[case.row.rule] = ask(world, case.row.method, world.address(case), world.fields(case))
    finally:
        world.directory.down = False
    for rule, answer in answers.items():
        assert answer.status in {503, 302, 303, 422}, rule
        assert answer.status != 503 or "Retry-After" in answer.headers, rule
    assert answers["/users"].status == 503


@pytest.mark.postgres
def test_a_search_that_postgresql_cannot_hold(
    postgres_url: str, settings: Settings, directory: FakeDirectory, identity: FakeIdentity, administrator: User
):
    """Its texts hold no null character, those of SQLite do: the page is the same on both."""
    app = create_app(settings.model_copy(update={"database_url": postgres_url}), directory, identity)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    database = app.extensions[EXTENSION].database
    database.upgrade()
    browser = Browser(app, identity)
    browser.sign_in(administrator)
    answers = {
        (path, name): browser.get(path, query_string={name: "\x00Durand\x00"}).status
        for path in ("/journal", "/journal.csv", "/users", "/users.csv")
        for name in ("q", "company", "from", "page")
    }
    database.engine.dispose()
    assert {key for key, status in answers.items() if status != 200} == set()


def test_a_fault_of_ours_would_be_noticed(world: World):
    """The harness lets nothing pass: an unforeseen error fails the test that meets it."""
    world.directory.fail("attachments_of", error=RuntimeError("unforeseen"))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        ask(world, "GET", "/users")
