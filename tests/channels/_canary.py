"""A secret driven through every operation and every failure of a channel, and looked for after."""

from __future__ import annotations

import base64
import binascii
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable, Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from devino_core import DevinoError
from devino_sandbox import Account, AnswerError, AnswerHttp, Drop, DropAnswer, Fault
from devino_sandbox._faults import Action
from tests.channels._sandboxed import PASSWORD, Wired

FAILURES: dict[str, Action | None] = {
    "none": None,
    "drop": Drop(),
    "drop the answer": DropAnswer(),
    "refuse the login": AnswerError(4),
    "no money": AnswerError(5),
    "refuse": AnswerError(6),
    "fail": AnswerError(9),
    "repeat the password": AnswerError(6, f"no such password: {PASSWORD}"),
    "repeat the form": AnswerError(6, f"bad request: Password={quote_plus(PASSWORD)}&"),
    "repeat the XML": AnswerError(6, f"bad request: <password>{escape(PASSWORD)}</password>"),
    "fail and repeat the password": AnswerError(9, f"no such password: {PASSWORD}"),
    "a proxy's page with the password": AnswerHttp(502, f"<html>{PASSWORD}"),
    "a package error": AnswerError(200),
    "a package refused": AnswerError(202),
    "a proxy's page": AnswerHttp(502, "<html>"),
    "of no protocol": AnswerHttp(200, "what?"),
    "a redirect": AnswerHttp(302, ""),
    "a rate limit": AnswerHttp(429, ""),
}

Operation = Callable[[], Awaitable[object]]

_TESTS = str(Path(__file__).parents[1])


def reported(error: BaseException) -> list[str]:
    """All that a crash reporter shows, which keeps the locals of each frame.

    The frames of tests are left out: those know the secrets.
    """
    frames = [
        f"{frame.name}: {frame.locals}"
        for told in _chain(traceback.TracebackException.from_exception(error, capture_locals=True))
        for frame in told.stack
        if not frame.filename.startswith(_TESTS)
    ]
    assert frames
    plain = traceback.format_exception(error)
    return [*frames, *plain, repr(error), str(error), repr(vars(error)), repr(error.__context__)]


def _chain(
    told: traceback.TracebackException | None,
) -> Iterable[traceback.TracebackException]:
    """It and all that it came of, as a reporter shows them."""
    while told is not None:
        yield told
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)


def spellings(secret: str, charset: str = "utf-8") -> set[str]:
    """A secret as it stands in a text, in quoted-printable, and within anything in base64."""
    data = secret.encode(charset)
    found = {secret, binascii.b2a_qp(data).decode()}
    for before in range(3):
        # Of what surrounds it the first and last characters have bits too.
        whole = (before * 8 + 5) // 6, (before + len(data)) * 8 // 6
        found.add(base64.b64encode(bytes(before) + data).decode()[slice(*whole)])
    return found


def shows(text: str, hidden: Iterable[str]) -> bool:
    """Whether any of these is in a text, or in the repr of bytes that transport has folded."""
    unfolded = text.replace("=\\r\\n", "").replace("\\r\\n", "")
    return any(word in text or word in unfolded for word in hidden)


async def assert_no_secret_shows(
    wire: Wired,
    operations: Iterable[Operation],
    failure: Action | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Run each, and search results, errors, tracebacks, reprs and logs at DEBUG."""
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    sessions: list[str] = []
    opening = wire.world.open_session

    def remembering(account: Account) -> str:
        sessions.append(opening(account))
        return sessions[-1]

    wire.world.open_session = remembering  # type: ignore[method-assign]
    if failure is not None:
        wire.world.faults.add(Fault(times=None, action=failure))
    shown: list[str] = []
    for run in operations:
        try:
            shown.append(repr(await run()))
        except DevinoError as error:
            shown += reported(error)
    shown.append(f"{wire.channel!r} {wire.channel.settings!r} {wire.channel}")
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(wire.channel.settings)
    shown += [record.getMessage() for record in caplog.records]
    shown += [str(record.exc_info) for record in caplog.records]
    for secret in [PASSWORD, *sessions]:
        for spelling in (secret, quote_plus(secret), escape(secret), repr(secret)[1:-1]):
            assert not [text for text in shown if spelling in text]
