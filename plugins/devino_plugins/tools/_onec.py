"""``decode onec``: what the old 1C bridge answered."""

from __future__ import annotations

from collections.abc import Mapping

from devino_codecs import DecodeError
from devino_plugins.kit.decoding import decode_command, shown

__all__ = ["decode"]

_HELP = """Show what an answer of the old 1C bridge says, and what its words mean.

FILE holds lines such as `SMS_Status: Delivered_To_Gateway`, in UTF-8 or windows-1251; - reads
standard input. The module for 1C of today speaks REST, and answers in JSON.

\b
Examples:
  devino decode onec answer.txt
  echo "SMS_Status: Доставлено" | devino decode onec - --json
"""


def _decode(data: bytes) -> Mapping[str, object]:
    # `devino --help` loads this module too, and needs no codec.
    from devino_codecs import onec

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Windows-1251 has one octet without a meaning.
        try:
            text = data.decode("windows-1251")
        except UnicodeDecodeError as error:
            raise DecodeError("is neither UTF-8 nor windows-1251", offset=error.start) from None
    answer = onec.decode(text)
    found: dict[str, object] = {"answer": shown(answer)}
    for name, word in (("result", answer.result), ("status", answer.status)):
        if isinstance(word, onec.OperationStatus | onec.MessageStatus):
            found[f"{name} means"] = f"{word.means}: {word.meaning}"
    return found


decode = decode_command("onec", _decode, help_text=_HELP)
