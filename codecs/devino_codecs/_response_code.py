"""The codes that every interface on ServiceStack answers with: chapters 14 and 17."""

from __future__ import annotations

from typing import Any

from devino_codecs._coded import CodedStr, Verdict

__all__ = ["ResponseCode"]


class ResponseCode(CodedStr):
    """Whether a request was carried out; of a mail, also what became of each recipient."""

    OK = "ok", "It was carried out", Verdict.DONE, "ok"
    VALIDATION_ERROR = (
        "validation_error",
        "Nothing was changed: the description says why",
        Verdict.REFUSED,
    )
    INTERNAL_ERROR = (
        "internal_error",
        "The platform failed; try again later",
        Verdict.FAILED,
        "",
        500,
    )
    # One example of chapter 14 has it, no table of codes does.
    NOT_FOUND = "not_found", "There is no such thing", Verdict.NOT_FOUND, "", 404

    http_status: int
    """Its usual one."""

    def __init__(
        self, value: Any, meaning: str = "", means: str = "", text: str = "", http_status: int = 400
    ) -> None:
        super().__init__(value, meaning, means, text)
        self.http_status = http_status
