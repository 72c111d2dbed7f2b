"""Email2SMS (chapter 4): messages sent as mails to the platform's gateway, in three body formats.

======================  ============================  =============================  =======
value                   body                          headers                        numbers
======================  ============================  =============================  =======
:class:`Template`       lines between two marks       windows-1251,                  20
                                                      quoted-printable
:class:`Semicolon`      ``StartWithPoint;...``        us-ascii, 7bit; Cyrillic as    20
                        on one line                   above
:class:`Base64`         ``login;password;...``        windows-1251, base64,          1000
                        on one line                   subject ``MODEB64``
======================  ============================  =============================  =======

:func:`encode` and :func:`decode` translate between a value and a whole mail, :func:`encode_body`
and :func:`decode_body` between a value and its body. The gateway gives no answer except SMTP's own
replies: no ids, no status.
"""

from ._body import decode_body, encode_body
from ._charset import CHARSET
from ._message import GATEWAY, MAX_SIZE, decode, encode
from ._values import Base64, Semicolon, Submission, Template

__all__ = [
    "CHARSET",
    "GATEWAY",
    "MAX_SIZE",
    "Base64",
    "Semicolon",
    "Submission",
    "Template",
    "decode",
    "decode_body",
    "encode",
    "encode_body",
]
