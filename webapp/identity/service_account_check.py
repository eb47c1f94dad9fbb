"""Whether the portal may work with the account it has: asked before anything is done with it, in each process.

Keycloak that does not answer is no refusal: the portal starts all the same and asks again. Once all was found in
order it is not asked any more; a refusal is checked again at the next request, so that it ends without a restart.
"""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread

from sqlalchemy.exc import SQLAlchemyError

from directory.errors import DirectoryError, UnavailableError
from directory.gateway import Directory
from directory.rights import excess, shortfall
from webapp.parallel import in_the_background

PAUSE = 2.0
"""Seconds between two questions of a worker that waits for the answer."""

log = logging.getLogger(__name__)


class ExcessError(UnavailableError):
    """The account, or its realm, allows more than the portal needs; `reasons` in words."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def examine(directory: Directory) -> None:
    """`ExcessError` names what is too much; `UnavailableError`: Keycloak does not say, or grants too little."""
    try:
        found = directory.own_rights()
    except DirectoryError as error:
        raise UnavailableError(f"the portal's account cannot be judged: {error}") from error
    if too_much := excess(found):
        raise ExcessError(too_much)
    if too_little := shortfall(found):
        raise UnavailableError(f"the portal's account cannot work: it {', '.join(too_little)}")


class ServiceAccountCheck:
    """The answer of `examine`, kept once it is yes. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._granted = False
        self._refusal: UnavailableError | None = None
        self._questions = 0

    @property
    def refused(self) -> bool:
        """Whether the last answer was that the account may do too much."""
        return isinstance(self._refusal, ExcessError)

    def require(self, directory: Directory) -> None:
        """Return when all is in order, else raise as `examine` does; concurrent callers get the same result."""
        if self._granted:
            return
        seen = self._questions
        with self._lock:
            if self._questions == seen and not self._granted:
                self._ask(directory)
            refusal = self._refusal
        if refusal is not None:
            raise refusal

    def _ask(self, directory: Directory) -> None:
        before, self._refusal = self._refusal, None
        try:
            examine(directory)
            self._granted = True
        except UnavailableError as refusal:
            self._refusal = refusal
            if str(refusal) != str(before):
                _tell(refusal)
        finally:
            self._questions += 1


def _tell(refusal: UnavailableError) -> None:
    """Once for each reason, however often it is met."""
    if isinstance(refusal, ExcessError):
        log.error("no request is served: the portal's account %s", refusal)
    else:
        log.warning("no request can be served yet: %s", refusal)


class Opening:
    """Begins what a process does by itself once the account is found in order: at once, or whenever that is."""

    def __init__(self, admission: ServiceAccountCheck, directory: Directory, begin: Callable[[], None]) -> None:
        self._admission = admission
        self._directory = directory
        self._begin = begin
        self._ended = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Ask; when the answer is not yes, go on asking in a thread that ends with the process."""
        if not self._try():
            self._thread = in_the_background(self._wait, "opening")

    def stop(self) -> None:
        """Ask no more; returns when what has been begun is under way."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(PAUSE)

    def _wait(self) -> None:
        begun = False
        while not begun and not self._ended.wait(PAUSE):
            try:
                begun = self._try()
            except SQLAlchemyError:
                log.exception("what was interrupted cannot be read")

    def _try(self) -> bool:
        try:
            self._admission.require(self._directory)
        except UnavailableError:
            return False  # said in the log by the one who asked
        self._begin()
        return True
