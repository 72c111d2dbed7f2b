"""``decode email2sms``: a mail to the gateway."""

from __future__ import annotations

from collections.abc import Mapping

from devino_plugins.kit.decoding import decode_command, shown

__all__ = ["decode"]

_HELP = """Show what a mail to the SMS gateway says: format, sender, numbers and text.

FILE is a whole mail as programs save it (.eml), or the body of one in the template or between
StartWithPoint and EndWithPoint; - reads standard input. Login and password are not shown.

\b
Examples:
  devino decode email2sms mail.eml
  devino decode email2sms - --json < mail.eml
"""


def _decode(data: bytes) -> Mapping[str, object]:
    # `devino --help` loads this module too, and needs no codec.
    from devino_codecs import email2sms

    mail = email2sms.decode(data)
    return {"format": type(mail).__name__.lower(), "message": shown(mail)}


decode = decode_command("email2sms", _decode, help_text=_HELP)
