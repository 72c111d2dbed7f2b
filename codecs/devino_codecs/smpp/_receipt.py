"""Delivery receipts: the customary text of SMPP 3.4, appendix B, and the parameters beside it.

No standard fixes the text. Many forms are read, and one is written::

    id:1234567890 sub:001 dlvrd:001 submit date:2601311200 done date:2601311201 stat:DELIVRD
    err:000 text:Hello
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, tzinfo
from enum import Enum
from functools import lru_cache

import msgspec

from devino_codecs.errors import DecodeError, EncodeError

from ._codes import EsmClass, MessageState, find_state
from ._pdus import DataSm, DeliverSm
from ._tlvs import NetworkErrorCode
from ._user_data import content, user_data, without_marks

__all__ = [
    "DateForm",
    "DeliveryReceipt",
    "IdForm",
    "ReceiptStyle",
    "build_receipt",
    "canonical_id",
    "parse_receipt",
    "receipt_of",
]

# Some centres write the words in full.
_STATES = {word: state for state in MessageState for word in (state.text, state.name)}


class DeliveryReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message. Anything may be missing, and is then None or empty."""

    id: str = ""
    """The id that ``submit_sm_resp`` gave, if the :class:`ReceiptStyle` is right."""
    sub: int | None = None
    """How many messages were submitted. It is usually 1 even for a text in parts."""
    dlvrd: int | None = None
    submit_date: datetime | None = None
    """In the centre's own time. It is aware if the style has a zone."""
    done_date: datetime | None = None
    stat: str = ""
    """The text's word for the state, as written."""
    err: str = ""
    """The network's or the centre's own code, as written."""
    text: str = ""
    """The message's first characters, each octet as latin-1."""
    extra: dict[str, str] = {}
    """Other fields of the text, in lower case, and the fields above that could not be read."""
    message_state: int | None = None
    """A :class:`MessageState`, from the parameter, else from ``stat``."""
    network_error_code: NetworkErrorCode | None = None


class IdForm(Enum):
    """How the receipt writes the id that ``submit_sm_resp`` gave."""

    VERBATIM = "verbatim"
    HEX = "hex"
    """In hex, while the answer had it in decimal."""
    DECIMAL = "decimal"
    """In decimal, while the answer had it in hex (lower case, no leading zeros)."""


class DateForm(Enum):
    """How dates are written. All four forms are read. If 12 digits fit two, this one decides."""

    MINUTES = "%y%m%d%H%M"
    SECONDS = "%y%m%d%H%M%S"
    YEAR_MINUTES = "%Y%m%d%H%M"
    YEAR_SECONDS = "%Y%m%d%H%M%S"


class ReceiptStyle(msgspec.Struct, frozen=True, kw_only=True):
    """What a centre's receipts look like."""

    ids: IdForm = IdForm.VERBATIM
    dates: DateForm = DateForm.MINUTES
    zone: tzinfo | None = None
    """The zone of the dates; None leaves them naive."""


def canonical_id(message_id: str) -> str:
    """One spelling for ids that differ in letter case and leading zeros only.

    Centres give ``0D2D3844`` or ``0000029095`` in the answer and ``d2d3844`` or ``29095`` in the
    receipt, or the reverse.
    """
    return message_id.lower().lstrip("0") or message_id[-1:]


_CUSTOMARY = ReceiptStyle()
# Plain numbers, because Python masks them far faster than flags.
_UDHI, _TYPE = int(EsmClass.UDHI), int(EsmClass.MESSAGE_TYPE)
_RECEIPTS = (int(EsmClass.DELIVERY_RECEIPT), int(EsmClass.INTERMEDIATE_NOTIFICATION))
_VERBATIM = IdForm.VERBATIM

_IN_ORDER = re.compile(
    r"id:(\S*) sub:(\d{1,9}) dlvrd:(\d{1,9}) submit date:(\d+) done date:(\d+)"
    r" stat:(\S*) err:(\S*) [Tt]ext:(.*)",
    re.ASCII | re.DOTALL,
)
_KNOWN = ("id", "sub", "dlvrd", "submit date", "done date", "stat", "err", "text")
_KEY = re.compile(r"(?<!\S)(submit[ _]date|done[ _]date|[a-z]\w*):", re.ASCII | re.IGNORECASE)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


def parse_receipt(text: bytes | str, style: ReceiptStyle = _CUSTOMARY) -> DeliveryReceipt:
    """Read a receipt from its text. Fields may be missing, unknown, in any order and letter case.

    ``text:`` takes all that follows, except fields that have not come yet. If a field is repeated,
    the first one counts. A number or date that cannot be read stays in ``extra``.

    Raises :exc:`~devino_codecs.DecodeError` if there is neither ``id`` nor ``stat``.
    """
    if not isinstance(text, str):
        text = text.decode("latin-1")
    found = _IN_ORDER.fullmatch(text)
    if found:
        id_, sub, dlvrd, submitted, done, stat, err, rest = found.groups()
        submit_date, done_date = _read_date(submitted, style), _read_date(done, style)
        if submit_date and done_date:
            return DeliveryReceipt(
                id=id_ if style.ids is _VERBATIM else _read_id(id_, style.ids),
                sub=int(sub),
                dlvrd=int(dlvrd),
                submit_date=submit_date,
                done_date=done_date,
                stat=stat,
                err=err,
                text=rest,
                message_state=_STATES.get(stat.upper()),
            )
    return _parse_any(text, style)


def _parse_any(text: str, style: ReceiptStyle) -> DeliveryReceipt:
    fields = _fields(text)
    if "id" not in fields and "stat" not in fields:
        raise DecodeError("not a receipt: neither id nor stat")
    sub, dlvrd = (
        int(fields.pop(name)) if _COUNT.fullmatch(fields.get(name, "")) else None
        for name in ("sub", "dlvrd")
    )
    dates = {name: _read_date(fields.get(name, ""), style) for name in ("submit date", "done date")}
    for name, date in dates.items():
        if date or not fields.get(name):
            fields.pop(name, None)
    id_, stat, err = (_popped_word(fields, name) for name in ("id", "stat", "err"))
    return DeliveryReceipt(
        id=_read_id(id_, style.ids),
        sub=sub,
        dlvrd=dlvrd,
        submit_date=dates["submit date"],
        done_date=dates["done date"],
        stat=stat,
        err=err,
        text=fields.pop("text", ""),
        message_state=_STATES.get(stat.upper()),
        extra=fields,
    )


def _popped_word(fields: dict[str, str], name: str) -> str:
    """The first word of a field. If there are more words, the field stays as it is."""
    word, *more = fields.get(name, "").split(maxsplit=1) or [""]
    if not more:
        fields.pop(name, None)
    return word


def _fields(text: str) -> dict[str, str]:
    begins: dict[str, re.Match[str]] = {}
    for key in _KEY.finditer(text):
        name = key[1].lower().replace("_date", " date")
        if name not in begins and ("text" not in begins or name in _KNOWN):
            begins[name] = key
    fields = {}
    end = len(text) + 1  # A blank ends each field, the end of the text ends the last.
    for name, key in reversed(begins.items()):
        value = text[key.end() : end - 1]
        fields[name] = value if name == "text" else value.strip()
        end = key.start()
    return dict(reversed(fields.items()))


def receipt_of(pdu: DeliverSm | DataSm, style: ReceiptStyle = _CUSTOMARY) -> DeliveryReceipt | None:
    """The receipt in a PDU; None for an incoming message.

    The parameters ``receipted_message_id``, ``message_state`` and ``network_error_code`` override
    the text, which may then be missing or unreadable. A ``message_state`` that SMPP 3.4 lacks does
    not override the ``stat`` of the text. The text may be in UCS-2 and behind a header.

    Raises :exc:`~devino_codecs.DecodeError` if a PDU calls itself a receipt and says nothing.
    """
    tlvs = pdu.tlvs
    if pdu.esm_class & _TYPE not in _RECEIPTS and "receipted_message_id" not in tlvs:
        return None
    try:
        receipt = parse_receipt(_text_of(pdu), style)
    except DecodeError:
        if "receipted_message_id" not in tlvs and "message_state" not in tlvs:
            raise
        receipt = DeliveryReceipt()
    if not tlvs:
        return receipt
    state = tlvs.get("message_state")
    if state is None or (receipt.message_state is not None and find_state(state) is None):
        state = receipt.message_state
    return msgspec.structs.replace(
        receipt,
        id=tlvs.get("receipted_message_id") or receipt.id,
        message_state=state,
        network_error_code=tlvs.get("network_error_code"),
    )


def _text_of(pdu: DeliverSm | DataSm) -> str:
    """The text of a receipt, whatever its ``data_coding``: that of many is wrong.

    The names of its fields are ASCII. So UCS-2 shows itself by a NUL in every other octet.
    """
    octets = content(pdu)
    if pdu.esm_class & _UDHI:
        with suppress(DecodeError):
            octets = user_data(pdu).octets
    octets = without_marks([octets])
    if len(octets) > 3 and octets[0] == octets[2] == 0:
        return octets.decode("utf-16-be", "replace")
    if len(octets) > 3 and octets[1] == octets[3] == 0:
        return octets.decode("utf-16-le", "replace")
    return octets.decode("latin-1")


def build_receipt(receipt: DeliveryReceipt, style: ReceiptStyle = _CUSTOMARY) -> bytes:
    """Write the text of a receipt, in the customary order. Only ``text`` is written when empty.

    ``message_state`` and ``network_error_code`` are not in the text: send them as parameters.

    Raises :exc:`~devino_codecs.EncodeError` for a value with a blank in it, for a text that is not
    latin-1, and for a date that the form or zone of this style cannot write.
    """
    words = {
        "id": _write_id(receipt.id, style.ids),
        "sub": _write_count(receipt.sub, "sub"),
        "dlvrd": _write_count(receipt.dlvrd, "dlvrd"),
        "submit date": _write_date(receipt.submit_date, style, "submit_date"),
        "done date": _write_date(receipt.done_date, style, "done_date"),
        "stat": receipt.stat,
        "err": receipt.err,
    }
    for name, value in receipt.extra.items():
        if not _KEY.fullmatch(f"{name}:") or words.get(name) or name == "text":
            raise EncodeError(f"{name!r} is no name for a further field", path="extra")
        words[name] = value
    for name, value in words.items():
        if len(value.split()) > 1 or value.strip() != value:
            raise EncodeError("blanks cannot be told from the next field", path=name)
    parts = [f"{name}:{value}" for name, value in words.items() if value]
    try:
        return " ".join([*parts, f"text:{receipt.text}"]).encode("latin-1")
    except UnicodeEncodeError:
        pass
    raise EncodeError("only latin-1 characters can be written", path="text")


def _read_id(written: str, form: IdForm) -> str:
    if form is IdForm.HEX and _HEX.fullmatch(written):
        return str(int(written, 16))
    if form is IdForm.DECIMAL and _DIGITS.fullmatch(written):
        return f"{int(written):x}"
    return written


def _write_id(given: str, form: IdForm) -> str:
    if form is IdForm.HEX and _DIGITS.fullmatch(given):
        return f"{int(given):x}"
    if form is IdForm.DECIMAL and _HEX.fullmatch(given):
        return str(int(given, 16))
    if form is IdForm.VERBATIM:
        return given
    raise EncodeError(f"not a number that could be written in {form.value}", path="id")


_HEX = re.compile(r"[0-9a-f]{1,64}", re.ASCII | re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,80}", re.ASCII)


def _write_count(count: int | None, name: str) -> str:
    if count is None:
        return ""
    if not 0 <= count < 10**9:
        raise EncodeError(f"{count} is not 0 to 999999999", path=name)
    return f"{count:03}"


def _read_date(digits: str, style: ReceiptStyle) -> datetime | None:
    date = _date(digits, style.dates)
    return date if date is None or style.zone is None else date.replace(tzinfo=style.zone)


@lru_cache(1024)  # Receipts of the same minute come together.
def _date(digits: str, form: DateForm) -> datetime | None:
    if not (digits.isascii() and digits.isdigit()):
        return None
    centuries = _CENTURIES.get(len(digits), ())
    for century in reversed(centuries) if form is DateForm.YEAR_MINUTES else centuries:
        days = 8 - len(century)
        try:
            return datetime.fromisoformat(f"{century}{digits[:days]}T{digits[days:]}")
        except ValueError:
            continue
    return None


_CENTURIES = {10: ("20",), 12: ("20", ""), 14: ("",)}
"""The century to put before so many digits. 12 digits are first taken to end in seconds."""


def _write_date(date: datetime | None, style: ReceiptStyle, path: str) -> str:
    if date is None:
        return ""
    if date.tzinfo is not None:
        if style.zone is None:
            raise EncodeError("an aware time, and the style has no zone to write it in", path=path)
        date = date.astimezone(style.zone)
    if not 2000 <= date.year < 2100:
        raise EncodeError(f"the year {date.year} is not 2000 to 2099", path=path)
    return date.strftime(style.dates.value)
