"""Who gets which answer, for every route: one table, and the people and companies it is asked with.

`ROWS` is the table. `cases` makes every combination of it with every kind of actor and of target; `expected` says
what the table answers to one. Nothing here asks the portal or its policies anything: a right is known from where
people are, as the table of the people says. `tests/web/http/test_matrix.py` runs it on the directory in memory,
`tests/keycloak/portal/test_matrix.py` a part of it on the real Keycloak.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.web.typed import a_row

Fields = dict[str, str]
State = Literal["active", "pending", "expired", "disabled"]

COMPANIES = ("A", "B", "C")
ALIKE = 5
"""Of so many things one is asked about, where who asks decides alone."""
ABSENT = "absent"
"""A company, or a person, that is not there."""


@dataclass(frozen=True, eq=False)
class Being:
    """A person of the matrix: attached `at` these companies, `was` administrator there when signing in."""

    name: str
    at: Mapping[str, Literal["user", "administrator"]] = field(default_factory=dict)
    state: State = "active"
    odd: Literal["", "operator", "new operator", "operator in A", "half-made"] = ""
    was: tuple[str, ...] = ()

    @property
    def hidden(self) -> bool:
        """Whether the portal knows nobody of that name: somebody of operations, whatever companies they are in."""
        return "operator" in self.odd

    @property
    def administers(self) -> frozenset[str]:
        return frozenset(letter for letter, role in self.at.items() if role == "administrator")

    def is_of(self, administrator: "Being") -> bool:
        """Whether the person is at a company of that administrator."""
        return bool(administrator.administers & set(self.at))


ANONYMOUS = Being("anonymous")
ACTORS = (
    ANONYMOUS,
    Being("attached nowhere"),
    Being("member of A", {"A": "user"}),
    Being("administrator of A", {"A": "administrator"}),
    Being("administrator of A and B", {"A": "administrator", "B": "administrator"}),
    Being("administrator of B", {"B": "administrator"}),
    Being("administrator of A, member of B", {"A": "administrator", "B": "user"}),
    Being("former administrator of A", {"A": "user"}, was=("A",)),
    Being("disabled administrator of A", {"A": "administrator"}, "disabled"),
    Being("operator", odd="operator"),
    Being("administrator by half", odd="half-made"),
)
OTHERS = (
    Being("somebody of A", {"A": "user"}),
    Being("somebody of B", {"B": "user"}),
    Being("somebody of both", {"A": "user", "B": "user"}),
    Being("pending of A", {"A": "user"}, "pending"),
    Being("pending of B", {"B": "user"}, "pending"),
    Being("pending of both", {"A": "user", "B": "user"}, "pending"),
    Being("expired of B", {"B": "user"}, "expired"),
    Being("administrator of C", {"C": "administrator"}),
    Being("pending of C", {"C": "user"}, "pending"),
    Being("expired of both", {"A": "user", "B": "user"}, "expired"),
    Being("disabled of B", {"B": "user"}, "disabled"),
    Being("disabled of both", {"A": "user", "B": "user"}, "disabled"),
    Being("nobody's"),
    Being("half-made", odd="half-made"),
    Being("operator since the last apply", odd="new operator"),
    Being("operator who administers A", odd="operator in A"),
)
BEINGS = (*ACTORS[1:], *OTHERS)
BY_NAME = {being.name: being for being in BEINGS}
SIGNED_OUT = {"anonymous", "disabled administrator of A"}
OWNERS = ("administrator of A", "administrator of A and B", "former administrator of A")
"""Who has a change that stopped on the way, one that was made, and an import."""


@dataclass(frozen=True)
class Spot:
    """What a case names, all it may name: a person, a company, whose thing it is, or nothing of these."""

    person: str = ""
    company: str = ""
    owner: str = ""

    def __str__(self) -> str:
        words = (self.person, f"company {self.company}" if self.company else "", self.owner and f"of {self.owner}")
        return ", ".join(word for word in words if word) or "-"


Relation = str
"""What a spot is to an actor, in a word of the table's last column; `FOREIGN` when it does not exist for him."""
FOREIGN = "foreign"


def no_spots() -> Iterator[Spot]:
    yield Spot()


def companies() -> Iterator[Spot]:
    yield from (Spot(company=letter) for letter in (*COMPANIES, ABSENT))


def people() -> Iterator[Spot]:
    yield from (Spot(being.name) for being in BEINGS)
    yield Spot(ABSENT)


def people_at_a_company() -> Iterator[Spot]:
    """Each person with one company, in turn."""
    letters = (*COMPANIES, ABSENT)
    yield from (Spot(spot.person, letters[number % 4]) for number, spot in enumerate(people()))


def people_at_companies() -> Iterator[Spot]:
    """Each person with two companies, A and another in turn."""
    letters = ("B", "C", ABSENT)
    for number, spot in enumerate(people()):
        yield from (Spot(spot.person, letter) for letter in ("A", letters[number % 3]))


def owners() -> Iterator[Spot]:
    yield from (Spot(owner=name) for name in (*OWNERS, ABSENT))


def anything(_actor: Being, _spot: Spot) -> Relation:
    return ""


def person_at_mine(actor: Being, spot: Spot) -> Relation:
    """How far the person is, and whether he is others' too."""
    person = BY_NAME.get(spot.person)
    if person is None or not actor.administers & set(person.at):
        return FOREIGN
    return person.state if set(person.at) <= actor.administers else f"{person.state}, others' too"


def attached_at_mine(actor: Being, spot: Spot) -> Relation:
    person = BY_NAME.get(spot.person)
    return "attached" if person and spot.company in actor.administers & set(person.at) else FOREIGN


def administered(actor: Being, spot: Spot) -> Relation:
    return "administered" if spot.company in actor.administers else FOREIGN


def my_company(actor: Being, spot: Spot) -> Relation:
    return "attached" if spot.company in actor.at else FOREIGN


def typed_address(actor: Being, spot: Spot) -> Relation:
    """Whether a box of the actor's is ticked, and whether the address can get an account or has one to attach."""
    if spot.company not in actor.administers:
        return "no box"
    person = BY_NAME.get(spot.person)
    return "hidden" if person and person.hidden else "open"


def my_thing(actor: Being, spot: Spot) -> Relation:
    if spot.owner != actor.name:
        return FOREIGN
    return "mine" if actor.administers else "mine, the right is gone"


@dataclass(frozen=True, eq=False)
class Row:
    """One line of the table: a request in words, and its answers.

    `nobody` is answered to who is not signed in, `person` to who is and administers nothing (none: he is judged by
    the relation, like anybody), `others` by what the spot is to the actor; a single number is for every relation.
    """

    method: str
    rule: str
    words: str
    nobody: int
    person: int | None
    others: int | Mapping[Relation, int]
    spots: Callable[[], Iterator[Spot]] = no_spots
    relation: Callable[[Being, Spot], Relation] = anything
    fields: Fields = field(default_factory=dict)
    row_at_company: bool = False
    """Whether the company of the spot is ticked in the form."""
    query: str = ""
    """`{company}` and `{email}` are the spot's."""
    file: bool = False
    """Whether a file is sent, with a line for the person at the company."""
    deletes: bool = False
    """Whether, when it is allowed, an account may be gone after it."""

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.rule

    @property
    def changes(self) -> bool:
        return self.method == "POST"


PERSON = "/users/<id:user_id>"
TYPED = {"last_name": "Typed", "first_name": "Thea", "title": "mme", "locale": "fr"}
SOMEBODY = {"spots": people, "relation": person_at_mine}
WHEREVER = {"row_at_company": True, "spots": people_at_companies, "relation": person_at_mine}
TYPED_AT = {"spots": people_at_companies, "relation": typed_address, "row_at_company": True}
SELECTED = {"user": "{user}", "action": "affiliation", "affiliation": "external"}
NOT_ACTIVATED = ("pending", "expired")


def by_state(**answers: int) -> dict[Relation, int]:
    """`active` is for disabled ones too, `pending` for expired ones, `shared` for pending ones of others too."""
    found = {FOREIGN: 404}
    for state in ("active", "disabled", *NOT_ACTIVATED):
        mine = answers["pending" if state in NOT_ACTIVATED else "active"]
        found[state] = mine
        found[f"{state}, others' too"] = answers["shared"] if state in NOT_ACTIVATED else mine
    return found


ANY_OF_MINE_200 = by_state(active=200, pending=200, shared=200)
ANY_OF_MINE_303 = by_state(active=303, pending=303, shared=303)

ROWS = (
    # For everybody.
    Row("GET", "/livez", "probe", 200, 200, 200),
    Row("GET", "/readyz", "probe", 200, 200, 200),
    Row("GET", "/metrics", "from this machine", 200, 200, 200),
    Row("GET", "/", "home", 200, 302, 302),
    Row("GET", "/help", "read", 200, 200, 200),
    Row("GET", "/personal-data", "read", 200, 200, 200),
    Row("GET", "/accessibility", "read", 200, 200, 200),
    Row("GET", "/help/<id:task>", "a task", 200, 200, 200),
    Row("GET", "/login", "sign in", 302, 302, 302),
    Row("GET", "/login/callback", "an answer that was not asked for", 400, 302, 302, query="code=x&state=y"),
    Row("POST", "/language", "choose", 303, 303, 303, fields={"locale": "en"}),
    Row("POST", "/logout", "sign out", 303, 303, 303),
    Row("POST", "/backchannel-logout", "no token", 400, 400, 400),
    Row("POST", "/backchannel-logout", "not signed", 400, 400, 400, fields={"logout_token": "e30.e30."}),
    # For who is signed in.
    Row("GET", "/profile", "read", 302, 200, 200),
    Row("POST", "/profile", "save", 401, 303, 303, fields=TYPED),
    Row("POST", "/profile/sessions/ending", "end the others", 401, 303, 303),
    Row("POST", "/profile/sessions/<id:session_id>/ending", "nobody's", 401, 404, 404),
    Row("POST", "/profile/password", "change", 401, 303, 303),
    Row("POST", "/profile/second-factor", "codes", 401, 303, 303, fields={"kind": "code"}),
    Row("POST", "/profile/second-factor", "a passkey", 401, 303, 303, fields={"kind": "passkey"}),
    Row("POST", "/profile/second-factor", "another action", 401, 422, 422, fields={"kind": "delete_account"}),
    Row(
        "POST",
        "/profile/companies/<id:company_id>/leaving",
        "ask",
        401,
        None,
        {"attached": 200, FOREIGN: 404},
        spots=companies,
        relation=my_company,
        fields={"ask": "1"},
    ),
    Row(
        "POST",
        "/profile/companies/<id:company_id>/leaving",
        "leave",
        401,
        None,
        {"attached": 303, FOREIGN: 404},
        spots=companies,
        relation=my_company,
    ),
    Row(
        "POST",
        "/operations/<id:operation_id>/completion",
        "finish",
        401,
        None,
        {"mine": 303, "mine, the right is gone": 404, FOREIGN: 404},
        spots=owners,
        relation=my_thing,
    ),
    Row(
        "POST",
        "/operations/<id:operation_id>/dismissal",
        "drop",
        401,
        None,
        {"mine": 303, "mine, the right is gone": 303, FOREIGN: 404},
        spots=owners,
        relation=my_thing,
    ),
    Row(
        "POST",
        "/changes/<id:change_id>/undoing",
        "undo",
        401,
        403,
        {"mine": 303, FOREIGN: 404},
        spots=owners,
        relation=my_thing,
    ),
    # For administrators: lists and files.
    Row("GET", "/users", "list", 302, 403, 200),
    Row("GET", "/users", "of a company", 302, 403, 200, spots=companies, query="company={company}"),
    Row("GET", "/users", "search an address", 302, 403, 200, spots=people, query="q={email}"),
    Row("GET", "/users.csv", "list", 302, 403, 200),
    Row("GET", "/users.csv", "of a company", 302, 403, 200, spots=companies, query="company={company}"),
    Row("GET", "/journal", "list", 302, 403, 200),
    Row("GET", "/journal", "of a company", 302, 403, 200, spots=companies, query="company={company}"),
    Row("GET", "/journal", "search an address", 302, 403, 200, spots=people, query="q={email}"),
    Row("GET", "/journal.csv", "list", 302, 403, 200),
    Row("GET", "/journal.csv", "of a company", 302, 403, 200, spots=companies, query="company={company}"),
    Row("GET", "/users/activations", "results", 302, 403, 200),
    Row("POST", "/users/activations", "ask", 401, 403, 200, fields={"ask": "1"}),
    Row("POST", "/users/activations", "send to all", 401, 403, 303),
    # Several people at once.
    Row("GET", "/users/selection", "results", 302, 403, 200),
    Row("POST", "/users/selection", "nobody", 401, 403, 422, fields={"action": "detach"}),
    Row("POST", "/users/selection", "look", 401, 403, ANY_OF_MINE_200, **SOMEBODY, fields=SELECTED),
    Row(
        "POST",
        "/users/selection",
        "do it",
        401,
        403,
        ANY_OF_MINE_303,
        **SOMEBODY,
        fields={**SELECTED, "confirm": "1"},
    ),
    Row("POST", "/users/selection/undoing", "nothing was done", 401, 403, 404),
    # One person.
    Row("GET", PERSON, "read", 302, 403, ANY_OF_MINE_200, **SOMEBODY),
    Row("GET", f"{PERSON}/attachments", "open", 302, 403, ANY_OF_MINE_200, **SOMEBODY),
    Row("POST", f"{PERSON}/attachments", "look", 401, 403, ANY_OF_MINE_200, **WHEREVER),
    Row(
        "POST",
        f"{PERSON}/attachments",
        "save",
        401,
        403,
        ANY_OF_MINE_303,
        **WHEREVER,
        fields={"confirm": "1"},
    ),
    Row(
        "POST",
        f"{PERSON}/activation",
        "send again",
        401,
        403,
        by_state(active=409, pending=303, shared=303),
        **SOMEBODY,
    ),
    Row("GET", f"{PERSON}/email", "open", 302, 403, by_state(active=409, pending=200, shared=200), **SOMEBODY),
    Row(
        "POST",
        f"{PERSON}/email",
        "correct",
        401,
        403,
        by_state(active=409, pending=303, shared=409),
        **SOMEBODY,
        fields={"email": "corrected@den.example"},
    ),
    Row(
        "POST",
        f"{PERSON}/email",
        "malformed",
        401,
        403,
        by_state(active=409, pending=422, shared=422),
        **SOMEBODY,
        fields={"email": "nothing"},
    ),
    Row(
        "POST",
        f"{PERSON}/cancellation",
        "ask",
        401,
        403,
        by_state(active=409, pending=200, shared=200),
        **SOMEBODY,
        fields={"ask": "1"},
    ),
    Row(
        "POST",
        f"{PERSON}/cancellation",
        "cancel",
        401,
        403,
        by_state(active=409, pending=303, shared=303),
        **SOMEBODY,
        deletes=True,
    ),
    Row(
        "GET", f"{PERSON}/replacement", "open", 302, 403, by_state(active=200, pending=409, shared=409), **SOMEBODY
    ),
    Row(
        "POST",
        f"{PERSON}/replacement",
        "look",
        401,
        403,
        by_state(active=200, pending=409, shared=409),
        **SOMEBODY,
        fields={"email": "another@den.example"},
    ),
    Row(
        "POST",
        f"{PERSON}/replacement",
        "do it",
        401,
        403,
        by_state(active=303, pending=409, shared=409),
        **SOMEBODY,
        fields={"email": "another@den.example", "confirm": "1"},
    ),
    Row("GET", "/endings", "list", 302, 403, 200),
    Row("GET", "/reviews", "list", 302, 403, 200),
    Row(
        "POST",
        "/reviews",
        "start",
        401,
        403,
        {"administered": 303, FOREIGN: 404},
        spots=companies,
        relation=administered,
        fields={"company": "{company}", "until": "2099-12-31", "undecided": "keep"},
    ),
    Row("GET", "/reviews/<id:review_id>", "nobody's", 302, 403, 404),
    Row("POST", "/reviews/<id:review_id>", "nobody's", 401, 403, 404, fields={"decision": "confirm"}),
    Row("GET", "/reviews/<id:review_id>.csv", "nobody's", 302, 403, 404),
    Row(
        "POST",
        f"{PERSON}/extension",
        "extend",
        401,
        403,
        {"attached": 303, FOREIGN: 404},
        spots=people_at_companies,
        relation=attached_at_mine,
        fields={"company": "{company}"},
    ),
    # By an address.
    Row("GET", "/users/new", "open", 302, 403, 200, spots=people, query="email={email}"),
    Row("POST", "/users/new", "the address", 401, 403, 200, spots=people, fields={"email": "{email}"}),
    Row(
        "POST",
        "/users/new",
        "look",
        401,
        403,
        {"no box": 422, "hidden": 200, "open": 200},
        **TYPED_AT,
        fields={"email": "{email}", **TYPED},
    ),
    Row(
        "POST",
        "/users/new",
        "do it",
        401,
        403,
        {"no box": 422, "hidden": 422, "open": 303},
        **TYPED_AT,
        fields={"email": "{email}", **TYPED, "confirm": "1"},
    ),
    # By a file.
    Row("GET", "/users/import", "open", 302, 403, 200),
    Row("GET", "/users/import.csv", "template", 302, 403, 200),
    Row("POST", "/users/import", "no file", 401, 403, 422),
    Row("POST", "/users/import", "look", 401, 403, 200, spots=people_at_a_company, file=True),
    Row(
        "POST",
        "/users/import",
        "do it",
        401,
        403,
        303,
        spots=people_at_a_company,
        file=True,
        fields={"confirm": "1"},
    ),
    Row(
        "GET",
        "/users/import/<id:import_id>",
        "look",
        302,
        403,
        {"mine": 200, FOREIGN: 404},
        spots=owners,
        relation=my_thing,
    ),
    Row(
        "POST",
        "/users/import/<id:import_id>",
        "go on",
        401,
        403,
        {"mine": 303, FOREIGN: 404},
        spots=owners,
        relation=my_thing,
    ),
    Row(
        "GET",
        "/users/import/<id:import_id>.csv",
        "result",
        302,
        403,
        {"mine": 200, FOREIGN: 404},
        spots=owners,
        relation=my_thing,
    ),
)
"""Every route, with each kind of request it takes. A new one is added by whoever thought about who may do it."""


@dataclass(frozen=True)
class Case:
    """One request: a line of the table, by somebody, about something."""

    row: Row
    actor: Being
    spot: Spot

    def __str__(self) -> str:
        return f"{self.actor.name}: {self.row.method} {self.row.rule} ({self.row.words}; {self.spot})"

    @property
    def relation(self) -> Relation:
        return self.row.relation(self.actor, self.spot)


def cases(actor: Being) -> list[Case]:
    """Every request of the table by that actor, about everything; about a few where all is answered alike."""
    found = []
    for number, row in enumerate(ROWS):
        every = list(row.spots())
        alike = actor.name in SIGNED_OUT or (row.person is not None and not actor.administers)
        chosen = every[number % ALIKE :: ALIKE] if alike and len(every) > ALIKE else every
        found += [Case(row, actor, spot) for spot in chosen]
    return found


def expected(case: Case) -> int:
    """The status that the table says."""
    row, actor = case.row, case.actor
    if actor.name in SIGNED_OUT:
        return row.nobody
    if row.person is not None and not actor.administers:
        return row.person
    return row.others if isinstance(row.others, int) else row.others[case.relation]


def is_refused(status: int) -> bool:
    """Whether nothing may have happened at that answer."""
    return status not in {200, 303}


def visible_people(actor: Being, rule: str) -> set[str]:
    """Whose names and addresses may be on a page for that actor."""
    if actor.name in SIGNED_OUT:
        return set()
    found = {actor.name} | {one.name for one in BEINGS if actor.administers & set(one.at)}
    if rule.startswith("/profile"):  # who decides at his companies
        found |= {one.name for one in BEINGS if one.administers & set(actor.at)}
    return found


def visible_companies(actor: Being, rule: str) -> set[str]:
    """Which companies a page may name to that actor: « Mon profil » all of his, others those he administers."""
    if actor.name in SIGNED_OUT:
        return set()
    return set(actor.at) if rule.startswith("/profile") else set(actor.administers)


def tells_the_name(case: Case) -> bool:
    """Whether an administrator learns whose an address is: that, and nothing else of the account."""
    return (
        case.row.key == ("POST", "/users/new")
        and bool(case.actor.administers)
        and case.actor.name not in SIGNED_OUT
        and case.spot.person in BY_NAME
        and not BY_NAME[case.spot.person].hidden
    )


def typed_rows(case: Case, ids: Mapping[str, str]) -> Fields:
    """The fields of the company that is ticked."""
    return a_row(ids[case.spot.company]) if case.row.row_at_company else {}
