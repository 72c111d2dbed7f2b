"""The platform on this machine, to try programs on: one World, one service for each protocol.

::

    async with Sandbox() as sandbox:
        print(sandbox.endpoints["rest"], sandbox.endpoints["inspect"])

:class:`LocalSandbox` is the same for code that does not await; tests have it as fixtures of pytest
(:mod:`devino_sandbox.pytest_plugin`) and as a case of unittest (:mod:`devino_sandbox.testing`).

What becomes of a message is chosen by its number, see :func:`default_fate`; what fails, by
:class:`Fault`; what arrived is shown by the inspection API, see
:mod:`devino_sandbox.services.inspection`. A test drives time with
:class:`devino_core.clock.ManualClock` as the World's clock. Running it needs the extra
``sandbox``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._accounts import Account
    from ._book import AddressBook, Book, BookGroup, BookImport
    from ._brought import services_at
    from ._callbacks import CallbackKind
    from ._control import SandboxControl
    from ._fates import Fate, Pace, Step
    from ._faults import (
        Action,
        AnswerError,
        AnswerHttp,
        CallbackAction,
        Drop,
        DropAnswer,
        Fault,
        Faults,
        Hang,
        Hold,
        Repeat,
    )
    from ._http import (
        ASGIApp,
        Broken,
        Outcome,
        RawAnswer,
        RawRequest,
        answering,
        json_answer,
        struck,
    )
    from ._journal import CallLine, CallView, Journal, Record, Said, Wire
    from ._kept import Kept
    from ._local import LocalSandbox
    from ._messages import IncomingMessage, RefusalReason, Refused, StoredMessage, Submission
    from ._numbers import default_fate
    from ._questions import Question
    from ._rates import Rates
    from ._remote import RemoteSandbox
    from ._runner import Sandbox
    from ._service import Access, HttpService, PortService, Service
    from ._shown import Filter, IncomingView, LifeView, MessageView
    from ._sims import Sims
    from ._timeline import Timeline
    from ._views import View, Views, shows
    from ._world import World
    from .services._api import ApiService
    from .services._calls import Asked, CallService, answers

__all__ = [
    "ASGIApp",
    "Access",
    "Account",
    "Action",
    "AddressBook",
    "AnswerError",
    "AnswerHttp",
    "ApiService",
    "Asked",
    "Book",
    "BookGroup",
    "BookImport",
    "Broken",
    "CallLine",
    "CallService",
    "CallView",
    "CallbackAction",
    "CallbackKind",
    "Drop",
    "DropAnswer",
    "Fate",
    "Fault",
    "Faults",
    "Filter",
    "Hang",
    "Hold",
    "HttpService",
    "IncomingMessage",
    "IncomingView",
    "Journal",
    "Kept",
    "LifeView",
    "LocalSandbox",
    "MessageView",
    "Outcome",
    "Pace",
    "PortService",
    "Question",
    "Rates",
    "RawAnswer",
    "RawRequest",
    "Record",
    "RefusalReason",
    "Refused",
    "RemoteSandbox",
    "Repeat",
    "Said",
    "Sandbox",
    "SandboxControl",
    "Service",
    "Sims",
    "Step",
    "StoredMessage",
    "Submission",
    "Timeline",
    "View",
    "Views",
    "Wire",
    "World",
    "answering",
    "answers",
    "default_fate",
    "json_answer",
    "services_at",
    "shows",
    "struck",
]

# Every command and client imports this package to see what plugins there are, and few of them run
# a sandbox: what it is made of is imported on first use.
_HOMES = {
    name: module
    for module, names in {
        "_accounts": "Account",
        "_book": "AddressBook Book BookGroup BookImport",
        "_brought": "services_at",
        "_callbacks": "CallbackKind",
        "_control": "SandboxControl",
        "_fates": "Fate Pace Step",
        "_faults": "Action AnswerError AnswerHttp CallbackAction Drop DropAnswer Fault Faults "
        "Hang Hold Repeat",
        "_http": "ASGIApp Broken RawAnswer RawRequest Outcome answering json_answer struck",
        "_journal": "CallLine CallView Journal Record Said Wire",
        "_kept": "Kept",
        "_local": "LocalSandbox",
        "_messages": "IncomingMessage RefusalReason Refused StoredMessage Submission",
        "_numbers": "default_fate",
        "_remote": "RemoteSandbox",
        "_runner": "Sandbox",
        "_service": "Access HttpService PortService Service",
        "_shown": "Filter IncomingView LifeView MessageView",
        "_sims": "Sims",
        "_timeline": "Timeline",
        "_questions": "Question",
        "_rates": "Rates",
        "_views": "View Views shows",
        "_world": "World",
        "services._api": "ApiService",
        "services._calls": "Asked CallService answers",
    }.items()
    for name in names.split()
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # Not above: each run of pytest imports this package, for its plugin.
        from devino_core.lazy import lazy

        return lazy(__name__, _HOMES)(name)
