"""What only a strict World refuses of a mail that can be read."""

from __future__ import annotations

import re

from devino_codecs import email2sms

__all__ = ["unlike_the_manual"]

_CHARSET = re.compile(rb"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_ENCODING = re.compile(rb"^content-transfer-encoding:\s*([\w-]+)", re.IGNORECASE | re.MULTILINE)
_CHARSETS = (b"windows-1251", b"us-ascii")
"""What the manual demands, and what its examples of Latin texts declare."""


def unlike_the_manual(mail: bytes, said: email2sms.Submission) -> str:
    """The reason to refuse it; empty if there is none."""
    head = re.split(rb"\r?\n\r?\n", mail, maxsplit=1)[0]
    if isinstance(said, email2sms.Base64):
        encoding = _ENCODING.search(head)
        if encoding is None or encoding[1].lower() != b"base64":
            return "Content-Transfer-Encoding: the manual wants base64 under the subject MODEB64"
    charset = _CHARSET.search(head)
    if charset is not None and charset[1].lower() not in _CHARSETS:
        return "charset: the manual wants windows-1251"
    if b"multipart/" in head.lower():
        return "Content-Type: the manual wants plain text only"
    return ""
