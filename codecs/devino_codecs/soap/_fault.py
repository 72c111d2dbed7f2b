"""Faults of both versions, as one value."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import Final

import msgspec

from devino_codecs._xml import Element, escape_text
from devino_codecs.errors import EncodeError

from ._envelope import Version, envelope
from ._operations import SERVICES
from ._schema import children, fields
from ._values import Login, Session, SmsMessage, ViberMessage

__all__ = ["Fault", "FaultCode", "encode_fault", "fault_of"]


class FaultCode(StrEnum):
    """Whose fault it is, in the words of SOAP 1.2."""

    SENDER = "Sender"
    RECEIVER = "Receiver"
    VERSION_MISMATCH = "VersionMismatch"
    MUST_UNDERSTAND = "MustUnderstand"
    DATA_ENCODING_UNKNOWN = "DataEncodingUnknown"


_FROM_11 = {"Client": FaultCode.SENDER, "Server": FaultCode.RECEIVER}
_TO_11: dict[str, str] = {code: word for word, code in _FROM_11.items()}

# .NET writes each exception's message after the message of the exception that it caused.
_ARROW = re.compile(r"-{3}\s*>")

# The platform's own failures: a send may have been carried out, whatever else the text says.
_FAILURES: Final = {"gateway error": 8, "internal server error": 9}

# Whole sentences, and REST's number for the same refusal (tables 17 and 16). Parts of sentences
# would not do: .NET says "Invalid operation. The connection is closed." half way through a send.
_REFUSALS: Final = {
    "invalid argument": 2,
    "invalid session id": 3,
    "sessionid expired": 4,
    "invalid user login or password": 4,
    "unauthorized access": 4,
    "not enough credits": 5,
    "invalid source address": 6,
    "invalid destination address": 6,
    "invalid operation": 6,
    "forbidden": 7,
}
# A reason or a number follows.
_INVALID: Final = ("invalid argument: ", "нельзя указывать диапазон дат")
_EMPTY: Final = re.compile(r"(\w+) can ?not be null(?: or empty)?")

# ASP.NET puts the first before a sentence, and .NET's ArgumentException puts the last after it. A
# sentence that other exceptions wrap was not raised at the beginning of the call, so it does not
# say that nothing was done.
_SENTENCE: Final = re.compile(
    r"(?:server was unable to process request\.? ?-{3} ?> ?)?"
    r"(?P<said>.*?)\.?(?: parameter name: (?P<name>\w+))?"
)


@cache
def _parameters() -> frozenset[str]:
    """The parameters that a service's own check may have refused, in lower case."""
    requests = {request for service in SERVICES for request in service.requests}
    structs = (*requests, SmsMessage, ViberMessage, Login, Session)
    return frozenset(field.element.name.lower() for struct in structs for field in fields(struct))


def _refusal(text: str) -> int | None:
    """REST's number for a fault's text, which is on one line and in lower case."""
    for words, code in _FAILURES.items():
        if words in text:
            return code
    match = _SENTENCE.fullmatch(text)
    if match is None or _ARROW.search(match["said"]):
        return None
    said, name = match["said"], match["name"]
    if name is not None and name not in _parameters():
        return None
    if said.startswith(_INVALID):
        return 2
    if empty := _EMPTY.fullmatch(said):
        what = name or empty[1]
        return 1 if what == "argument" or what in _parameters() else None
    return _REFUSALS.get(said)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal of a whole request (chapters 7 and 8).

    ``code`` is a :class:`FaultCode`, or the wire's own word if that is not one. ``reason`` is the
    sentence as it came, ``detail`` the text of the detail.
    """

    reason: str
    code: FaultCode | str = FaultCode.RECEIVER
    detail: str = ""

    @property
    def message(self) -> str:
        """The root cause: the last of the chained sentences, on one line."""
        return " ".join(_ARROW.split(self.reason)[-1].split())

    @property
    def rest_code(self) -> int | None:
        """The number of the same refusal in the REST tables, 1 to 9, if the text tells it.

        1 to 7 mean that nothing was done, so only a whole sentence of the platform gives them.
        """
        return _refusal(" ".join(self.reason.split()).lower())


def encode_fault(fault: Fault, *, version: Version = Version.SOAP_12) -> bytes:
    """A fault in its envelope, in ASP.NET's words. Send it with HTTP status 500.

    Raises :exc:`EncodeError`.
    """
    reason, detail = (_said(getattr(fault, name), name) for name in ("reason", "detail"))
    if version is Version.SOAP_11:
        code = _said(_TO_11.get(fault.code, fault.code), "code")
        body = (
            f"<soap:Fault><faultcode>soap:{code}</faultcode><faultstring>{reason}</faultstring>"
            f"{_element('detail', detail)}</soap:Fault>"
        )
    else:
        code = _said(fault.code, "code")
        body = (
            f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{reason}</soap:Text></soap:Reason>'
            f"{_element('soap:Detail', detail)}</soap:Fault>"
        )
    # In the manual only faults have this prefix.
    return envelope(body, version, prefix="soap")


def _said(text: str, path: str) -> str:
    try:
        return escape_text(text)
    except EncodeError as exc:
        exc.path = path
        raise


def _element(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>" if text else f"<{name} />"


def fault_of(element: Element, version: Version) -> Fault | None:
    """The fault in a body, or ``None`` if the body holds something else."""
    if element.tag != f"{{{version.namespace}}}Fault":
        return None
    found = children(element)
    if version is Version.SOAP_11:
        code = _local(_text(found.get("faultcode")))
        reason = _text(found.get("faultstring"))
        known = _FROM_11.get(code)
    else:
        code = _local(_text(found.get("code"), "value"))
        reason = _text(found.get("reason"), "text")
        known = None
    if known is None:
        known = next((member for member in FaultCode if member.value == code), None)
    return Fault(code=known or code, reason=reason, detail=_text(found.get("detail")))


def _text(element: Element | None, child: str | None = None) -> str:
    if element is not None and child is not None:
        element = children(element).get(child)
    return "" if element is None else "".join(str(piece) for piece in element.itertext()).strip()


def _local(name: str) -> str:
    return name.rpartition(":")[2].strip()
