"""Receipts that a command printed before: JSON lines, a journal, columns for a pipe, bare ids."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

import msgspec

from devino_core import Medium, Receipt, State, Status
from devino_core.errors import ConfigurationError
from devino_core.files import lines_of

from ._table import opened

__all__ = ["given_receipts", "read_receipts"]


def given_receipts(
    words: Iterable[str], *, medium: Medium, channel: str | None
) -> Iterator[Receipt]:
    """The messages that a command's arguments name: ``-`` is stdin, the path of a file is that
    file, and everything else is an id of the platform.

    Raises ConfigurationError.
    """
    for word in words:
        if word == "-" or word.endswith(".jsonl") or os.path.exists(word):  # noqa: PTH110 - pathlib raises for a word that is too long
            yield from read_receipts(word, medium=medium, channel=channel)
        else:
            yield _of_id(word, medium, channel)


def read_receipts(path: str, *, medium: Medium, channel: str | None) -> Iterator[Receipt]:
    """The receipts of a file, or of stdin for ``-``.

    ``medium`` and ``channel`` are those of bare ids. A line of a journal that has an intent and no
    receipt gives a receipt without ids. Raises ConfigurationError for what cannot be read.
    """
    try:
        with opened(path) as file:
            yield from _receipts(file, path, medium, channel)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None


def _receipts(file: IO[bytes], path: str, medium: Medium, channel: str | None) -> Iterator[Receipt]:
    columns: list[str] = []
    intents: dict[int, str] = {}
    for number, line in enumerate(lines_of(file), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
            if not text.strip():
                continue
            if text.startswith("{"):
                found = _told(msgspec.json.decode(text, type=dict[str, Any]), intents)
            elif text.startswith("to\tstate\t"):
                columns = text.split("\t")
                continue
            elif columns:
                row = dict(zip(columns, text.split("\t"), strict=True))
                found = {**row, "ids": row["ids"].split()}
            else:
                [id_] = text.split()
                yield _of_id(id_, medium, channel)
                continue
            if found is not None:
                yield _receipt(found)
        except (ValueError, KeyError, TypeError, msgspec.DecodeError):
            if line.startswith(b"{") and not line.endswith(b"\n"):
                break  # its writer died
            raise ConfigurationError(
                f"{path}: line {number} is no receipt: give what `devino send` printed, a journal, "
                "or an id a line"
            ) from None
    for ref in intents.values():
        yield Receipt(ref=ref, to="", status=Status(state=State.UNKNOWN))


def _told(found: dict[str, Any], intents: dict[int, str]) -> Mapping[str, Any] | None:
    """The receipt that an object of JSON is or has; None if it has none."""
    if "line" not in found:
        return found if "ids" in found else None
    intents.pop(found["line"], None)
    if "intent" in found:
        intents[found["line"]] = found["ref"]
    receipt: Mapping[str, Any] | None = found.get("receipt")
    return receipt


def _receipt(found: Mapping[str, Any]) -> Receipt:
    price, send_at = found.get("price"), found.get("send_at")
    status = Status(
        state=State(found["state"]),
        code=found.get("code"),
        description=found.get("description") or "",
        price=None if price is None else Decimal(str(price)),
    )
    return Receipt(
        ref=found.get("ref") or "",
        to=found.get("to") or "",
        status=status,
        medium=Medium(found.get("medium") or Medium.SMS),
        channel=found.get("channel") or "",
        ids=tuple(map(str, found["ids"])),
        send_at=None if send_at is None else datetime.fromisoformat(send_at),
    )


def _of_id(id_: str, medium: Medium, channel: str | None) -> Receipt:
    status = Status(state=State.UNKNOWN)
    return Receipt(ref="", to="", status=status, medium=medium, channel=channel or "", ids=(id_,))
