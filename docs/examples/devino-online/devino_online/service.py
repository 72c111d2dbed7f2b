"""The platform's API in the sandbox."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, TypeGuard

import devino_sandbox as sandbox
from devino_codecs.http import ArgumentError, Refusal, Unread
from devino_codecs.text import is_gsm7
from devino_core import phone
from devino_sandbox import Account, Asked, RefusalReason, Submission

from . import wire
from .wire import Word

_is_url = re.compile(r"https?://[^/?#\s]+\S*", re.IGNORECASE).fullmatch
_REFUSED: Mapping[RefusalReason, tuple[Word, str]] = {
    RefusalReason.SENDER_MALFORMED: (Word.SENDER, "from"),
    RefusalReason.SENDER_UNKNOWN: (Word.SENDER, "from"),
    RefusalReason.DESTINATION: (Word.INVALID, "to"),
    RefusalReason.TEXT: (Word.INVALID, "text"),
    RefusalReason.SEND_AT: (Word.INVALID, "scheduledTime"),
    RefusalReason.BALANCE: (Word.FUNDS, ""),
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
    def send(self, account: Account, asked: Asked[wire.Send]) -> wire.Told | Refusal:
        return self._send(account, asked)

    @sandbox.answers(wire.GetBilling)
    def billing(self, account: Account, asked: Asked[wire.GetBilling]) -> wire.Billing:
        held = wire.Held(balance=account.balance, account_type="PREPAID")
        return wire.Billing(wire.Company(held))

    def unreadable(self, api: Any, error: ArgumentError, http: Any) -> Refusal:
        is_missing = error.path == "messages" and "missing" in error.reason
        return self._whole(Word.MISSING if is_missing else Word.INVALID, error.path)

    def stranger(self, asked: Asked[Any]) -> Refusal:
        return Refusal(Word.STRANGER, Word.STRANGER, self._status(401))

    def ordered(self, asked: Asked[Any], action: sandbox.AnswerError) -> object:
        """A fault for a number refuses the messages to it; any other refuses the whole request."""
        account, to = self.account(asked.credentials), asked.fault.to if asked.fault else None
        if account is None or to is None or not isinstance(asked.request, wire.Send):
            no = super().ordered(asked, action)
            return wire.Whole(no.code, no.description, self._status(400)) if _is_word(no) else no
        return self._send(account, asked, (str(action.code), phone.normalize(to)))

    def _send(
        self, account: Account, asked: Asked[wire.Send], fault: tuple[str, str] = ("", "")
    ) -> wire.Told | Refusal:
        messages, (word, to) = asked.request.messages, fault
        if not 1 <= len(messages) <= 32_000:
            return self._whole(Word.TOO_MANY if messages else Word.MISSING, "messages")
        outcomes = []
        for place, it in enumerate(messages):
            at = f"messages[{place}]"
            if isinstance(it, Unread):
                outcomes.append(_refused(Word.INVALID, f"{at}.{it.path}"))
                continue
            order = self._submission(account, it)
            no = (word, "") if to and _digits(it.to) == to else self._fault(order, it)
            taken = self._take(order, it.to) if no is None else no
            if not isinstance(taken, tuple):
                parts = taken.ids if asked.request.include_segment_id else None
                outcomes.append(wire.Outcome(code="OK", message_id=taken.ids[0], segments_id=parts))
                continue
            if no is not None:
                self.world.refuse(order, [it.to], no[0])
            outcomes.append(_refused(taken[0], f"{at}.{taken[1]}"))
        return wire.Sent(tuple(outcomes))

    def _take(self, order: Submission, to: str) -> sandbox.StoredMessage | tuple[str, str]:
        try:
            return self.world.submit(order, [to])[0]
        except sandbox.Refused as refused:
            return _REFUSED[refused.refusal]

    def _fault(self, order: Submission, it: wire.Sms) -> tuple[str, str] | None:
        digits, rank, url = _digits(it.to), it.priority, it.callback_url
        rows: tuple[tuple[bool, Word, str], ...] = (
            (order.account.login in self.world.of(Cabinet).forbidden, Word.FORBIDDEN, ""),
            (not it.sender, Word.MISSING, "from"),
            (not it.to, Word.MISSING, "to"),
            (digits.isdecimal() and len(digits) > 15, Word.TOO_LONG, "to"),
            (not it.text, Word.MISSING, "text"),
            (len(it.text) > (34_170 if is_gsm7(it.text) else 17_085), Word.TOO_LONG, "text"),
            (not 0 <= (it.validity or 0) <= 259_200, Word.INVALID, "validity"),
            (rank is not None and order.priority is None, Word.INVALID, "priority"),
            (url is not None and not _is_url(url), Word.INVALID, "callbackUrl"),
        )
        return next(((word, field) for is_so, word, field in rows if is_so), None)

    def _submission(self, account: Account, it: wire.Sms) -> Submission:
        rank, url = it.priority, it.callback_url
        if isinstance(rank, int) and not self.world.strict:
            rank = wire.RANKS[rank] if 0 <= rank < len(wire.RANKS) else None
        return Submission(
            account=account,
            via=wire.API.name,
            sender=it.sender,
            text=it.text,
            # It is never called: nobody has described what the platform posts.
            content={**(it.options or {}), "callbackUrl": "***"} if url else None,
            context=url,
            priority={"MEDIUM": "NORMAL"}.get(rank, rank) if rank in wire.RANKS else None,
            send_at=it.scheduled_time,
            validity=timedelta(seconds=it.validity) if it.validity else None,
        )

    def _whole(self, word: Word, ref: str) -> wire.Whole:
        said = f"Key error: (parameter: {ref} -> {word.meaning})"
        return wire.Whole(word, said, self._status(400), ref)

    def _status(self, usual: int) -> int:
        return 200 if self.world.of(Cabinet).statuses == "200" else usual


def _is_word(no: object) -> TypeGuard[Refusal]:
    """Whether it is no more than a word: HTTP has no status of its own for it."""
    return isinstance(no, Refusal) and no.code not in (Word.STRANGER, Word.BUSY)


def _digits(to: str) -> str:
    return "".join(filter(str.isdecimal, to))


def _refused(word: str, ref: str) -> wire.Outcome:
    said = getattr(wire.word_of(word), "meaning", word)
    reason = wire.Reason(word, ref.removesuffix("."))
    return wire.Outcome(code="REJECTED", reasons=(reason,), description=said)
