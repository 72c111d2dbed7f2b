"""The platform's API in the sandbox."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from msgspec.structs import replace

import devino_sandbox as sandbox
from devino_codecs.http import ArgumentError, Refusal, Unread
from devino_core import Priority
from devino_sandbox import Account, Asked, RefusalReason, Submission

from . import wire
from .wire import Word

_is_url = re.compile(r"https?://[^/?#\s]+\S*", re.IGNORECASE).fullmatch
_REFUSED: Mapping[RefusalReason, wire.Reason] = {
    RefusalReason.SENDER_MALFORMED: wire.Reason(Word.SENDER, "from"),
    RefusalReason.SENDER_UNKNOWN: wire.Reason(Word.SENDER, "from"),
    RefusalReason.DESTINATION: wire.Reason(Word.INVALID, "to"),
    RefusalReason.TEXT: wire.Reason(Word.INVALID, "text"),
    RefusalReason.SEND_AT: wire.Reason(Word.INVALID, "scheduledTime"),
    RefusalReason.BALANCE: wire.Reason(Word.FUNDS),
}


class Cabinet:
    """What a test may set, as ``world.of(Cabinet).forbidden.add("demo")``."""

    def __init__(self, world: sandbox.World) -> None:
        self.forbidden: set[str] = set()
        """The logins that may not send."""
        self.statuses = ""
        """``"200"``: every refusal goes under HTTP 200. Nobody has said under which it does."""


class OnlineService(sandbox.ApiService):
    name = "online"
    apis: ClassVar = {"/online": wire.API}

    @sandbox.answers(wire.Send)
    def send(self, account: Account, asked: Asked[wire.Send]) -> wire.Sent | Refusal:
        messages = asked.request.messages
        if not 1 <= len(messages) <= 32_000:
            return self._whole(Word.TOO_MANY if messages else Word.MISSING, "messages")
        outcomes = [self._outcome(account, asked, n, it) for n, it in enumerate(messages)]
        return wire.Sent(tuple(outcomes))

    @sandbox.answers(wire.GetBilling)
    def billing(self, account: Account, asked: Asked[wire.GetBilling]) -> wire.Held:
        return wire.Held(balance=account.balance, account_type="PREPAID")

    def unreadable(self, api: Any, error: ArgumentError, http: Any) -> Refusal:
        is_missing = error.path == "messages" and "missing" in error.reason
        return self._whole(Word.MISSING if is_missing else Word.INVALID, error.path)

    def stranger(self, asked: Asked[Any]) -> Refusal:
        return Refusal(Word.STRANGER, Word.STRANGER, self._status(401))

    def is_of_messages(self, asked: Asked[Any], action: sandbox.AnswerError) -> bool:
        """A fault for a number refuses the messages to it; any other refuses the whole request."""
        return isinstance(asked.request, wire.Send) and bool(asked.fault and asked.fault.to)

    def ordered(self, asked: Asked[Any], action: sandbox.AnswerError) -> Any:
        no: Any = super().ordered(asked, action)
        return replace(no, http_status=self._status(no.http_status or 400))

    def _outcome(
        self, account: Account, asked: Asked[wire.Send], place: int, it: wire.Sms | Unread
    ) -> wire.Outcome:
        if isinstance(it, Unread):
            return _rejected(place, wire.Reason(Word.INVALID, it.path))
        order, word = self._submission(account, it), asked.ordered(it.to)
        no = self._fault(order, it) if word is None else wire.Reason(str(word))
        taken = self.take(order, it.to, no, _REFUSED)
        if isinstance(taken, wire.Reason):
            return _rejected(place, taken)
        parts = taken.ids if asked.request.include_segment_id else None
        return wire.Outcome(code="OK", message_id=taken.ids[0], segments_id=parts)

    def _fault(self, order: Submission, it: wire.Sms) -> wire.Reason | None:
        digits, rank, url = "".join(filter(str.isdecimal, it.to)), it.priority, it.callback_url
        rows: tuple[tuple[bool, Word, str], ...] = (
            (order.account.login in self.world.of(Cabinet).forbidden, Word.FORBIDDEN, ""),
            (not it.sender, Word.MISSING, "from"),
            (not it.to, Word.MISSING, "to"),
            (digits.isdecimal() and len(digits) > 15, Word.TOO_LONG, "to"),
            (not it.text, Word.MISSING, "text"),
            (len(it.text) > wire.longest(it.text), Word.TOO_LONG, "text"),
            (not 0 <= (it.validity or 0) <= 259_200, Word.INVALID, "validity"),
            (rank is not None and order.priority is None, Word.INVALID, "priority"),
            (url is not None and not _is_url(url), Word.INVALID, "callbackUrl"),
        )
        return next((wire.Reason(word, field) for is_so, word, field in rows if is_so), None)

    def _submission(self, account: Account, it: wire.Sms) -> Submission:
        word, url = str(it.priority).upper(), it.callback_url
        known = wire.RANKS if self.world.strict else (*wire.RANKS, *"0123")
        return Submission(
            account=account,
            via=wire.API.name,
            sender=it.sender,
            text=it.text,
            # It is never called: nobody has described what the platform posts.
            content={**(it.options or {}), "callbackUrl": "***"} if url else None,
            context=url,
            priority=[*Priority][known.index(word) % 4] if word in known else None,
            send_at=it.scheduled_time,
            validity=timedelta(seconds=it.validity) if it.validity else None,
        )

    def _whole(self, word: Word, ref: str) -> wire.Whole:
        said = f"Key error: (parameter: {ref} -> {word.meaning})"
        return wire.Whole(word, said, self._status(400), ref)

    def _status(self, usual: int) -> int:
        return 200 if self.world.of(Cabinet).statuses == "200" else usual


def _rejected(place: int, no: wire.Reason) -> wire.Outcome:
    at = f"messages[{place}].{no.ref or ''}".removesuffix(".")
    said = getattr(Word.of_word(no.key), "meaning", no.key)
    return wire.Outcome(code="REJECTED", reasons=(wire.Reason(no.key, at),), description=said)
