"""Reads an incoming SMS, and writes the reply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from devino_codecs.incoming import REPLY_TYPE, Reply, decode_push, encode_reply
from devino_core import Incoming, Medium
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Read

__all__ = ["IncomingSource"]


class IncomingSource:
    """One SMS a request. A repeat gets the reply of the first time."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        push = decode_push(request.query, request.body)
        return Read(
            [
                Incoming(
                    id=push.message_id,
                    # The wire tells no time.
                    at=now,
                    channel=channel,
                    raw=push,
                    sender=push.source_phone,
                    to=push.number,
                    text=push.text,
                    medium=Medium.SMS,
                )
            ]
        )

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        (reply,) = replies
        if not reply:
            return CallbackAnswer()
        return CallbackAnswer(200, encode_reply(Reply(reply)), REPLY_TYPE)
