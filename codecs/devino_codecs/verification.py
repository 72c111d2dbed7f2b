"""Two-factor codes (chapter 18): the platform makes a code, sends it by SMS and checks it.

>>> from devino_codecs import verification
>>> from devino_codecs.http import ApiKey, HttpAnswer
>>> check = verification.CheckCode("79169492283", "01756")
>>> check
CheckCode(number='79169492283', code='***')
>>> http = verification.API.encode_request(check, ApiKey("secret"))
>>> http.method, http.path, http.body
('POST', '/CheckCode', b'{"DestinationNumber":"79169492283","Code":"01756"}')
>>> body = b'{"Code": 0, "Description": "Valid Code"}'
>>> verification.API.decode_answer(verification.CheckCode, HttpAnswer(200, body))
<CheckedCode.VALID: 0>
>>> body = b'{"Code": "3", "Description": "Limit requsts by time is over"}'
>>> verification.API.decode_answer(verification.CheckCode, HttpAnswer(200, body)).means
<Verdict.BUSY: 'busy'>

An answer is its code. The codes that an application must tell apart are values of
:class:`SentCode` or :class:`CheckedCode`; any other is a :class:`~devino_codecs.http.Refusal`.
**Only** :attr:`CheckedCode.VALID` **lets somebody in**, and only this value is true.

Requests are written as JSON. The codec reads JSON, forms, queries and JSV, also under the paths of
ServiceStack's own clients (``/json/reply/CheckCode``). A client may write a code with a leading
zero as a number: that is JSV and not JSON.
"""

from __future__ import annotations

from typing import Annotated, Final

from devino_codecs.http import (
    PHONE,
    SECRET,
    TEXT_OR_NUMBER,
    Api,
    CodedInt,
    Envelope,
    Operation,
    Request,
    Verdict,
    header,
    parse_jsv,
)

__all__ = ["API", "CheckCode", "CheckedCode", "GenerateCode", "SentCode"]


_NAMES = {"number": "DestinationNumber", "imsi": "IMSICode", "code": "Code"}
"""The arguments on the wire."""


class SentCode(CodedInt):
    """The outcome of :class:`GenerateCode`; ``text`` is the wire's own, misprint included."""

    SENT = 0, "The code is on its way", Verdict.DONE, "Code Sent"
    INVALID_API_KEY = 1, "Nobody has this key", Verdict.LOGIN, "Invalid ApiKey"
    INVALID_PHONE = 2, "No phone number", Verdict.REFUSED, "Invalid Phone"
    LIMIT = 3, "Too many requests in a minute", Verdict.BUSY, "Limit requsts by time is over"
    INTERNAL_ERROR = 4, "The platform failed", Verdict.FAILED, "Internal Server Error"
    NOT_SENT = 5, "The SMS could not be sent", Verdict.REFUSED, "Error sending message"
    SIM_MISMATCH = 6, "Not sent: the number has another SIM", Verdict.DONE, "Invalid IMSI Code"
    ALREADY_SENT = 7, "A code that was not used yet still lives", Verdict.DONE, "Code Exist"


class CheckedCode(CodedInt):
    """The outcome of :class:`CheckCode`; ``text`` is the wire's own, misprint included."""

    VALID = 0, "This is the code; it is used now", Verdict.DONE, "Valid Code"
    INVALID_API_KEY = 1, "Nobody has this key", Verdict.LOGIN, "Invalid ApiKey"
    INVALID_PHONE = 2, "No phone number", Verdict.REFUSED, "Invalid Phone"
    LIMIT = 3, "Too many requests in a minute", Verdict.BUSY, "Limit requsts by time is over"
    INTERNAL_ERROR = 4, "The platform failed", Verdict.FAILED, "Internal Server Error"
    WRONG = 5, "Another code, or none was sent", Verdict.DONE, "Code not Found"
    EXPIRED = 6, "This was the code, but its life is over", Verdict.DONE, "Code Expired"

    # By its number alone, VALID would be the only false one.
    def __bool__(self) -> bool:
        return self is CheckedCode.VALID


class GenerateCode(Request[SentCode], frozen=True, rename=_NAMES):
    """``GenerateCode``: make a code and send it to a number, in digits.

    With ``imsi`` it does so only if the number still has this SIM.
    """

    number: Annotated[str, PHONE]
    imsi: Annotated[str | None, TEXT_OR_NUMBER, SECRET] = None


class CheckCode(Request[CheckedCode], frozen=True, rename=_NAMES):
    """``CheckCode``: is this the code that was sent to the number last? If so, it is used up."""

    number: Annotated[str, PHONE]
    code: Annotated[str, TEXT_OR_NUMBER, SECRET]


API: Final = Api(
    name="2fa",
    auth=header("X-ApiKey"),
    operations=(
        Operation(GenerateCode, "POST", "GenerateCode", codes=SentCode),
        # A check that succeeds uses the code up.
        Operation(CheckCode, "POST", "CheckCode", codes=CheckedCode),
    ),
    any_method=True,
    prefixes=("json/reply",),
    envelope=Envelope(result="Code"),
    # Clients read the body only if the status is 200.
    refused=200,
    read_body=parse_jsv,
)
"""The interface of chapter 18. An :class:`~devino_codecs.http.ApiKey` goes with every request."""
