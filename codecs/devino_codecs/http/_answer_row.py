"""The answers of an operation made ready: what it promises, or the interface's no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import GenericAlias
from typing import TYPE_CHECKING, Any, get_args, get_origin

from devino_codecs._coded import Verdict
from devino_codecs.errors import DecodeError, EncodeError

from ._hints import item_of
from ._json import json_type, parse_json, quoted
from ._messages import ANSWER_TYPE, HttpAnswer
from ._operation import CodeTable, Envelope, Operation, Refusal, RefusalForm
from ._pages import Page, content_range, of_content_range
from ._plain_forms import NOTHING, PLAIN, WORD_OR_NUMBER, code
from ._quick import reader_of
from ._structs import decoder_of, fold, join, wire_form_of
from ._wire_forms import WireForm

if TYPE_CHECKING:
    from ._protocols import Answered

__all__ = ["AnswerRow"]


class AnswerRow:
    """The answers of one operation."""

    def __init__(
        self,
        operation: Operation,
        envelope: Envelope,
        codes: CodeTable | None,
        refused: int,
        refusal: RefusalForm | None,
    ) -> None:
        answer = operation.answer
        self._is_page = get_origin(answer) is Page
        self._form = wire_form_of(
            GenericAlias(tuple, (*get_args(answer), ...)) if self._is_page else answer
        )
        self._status = operation.status
        self._said = operation.said
        self._is_refused = operation.is_refused
        self._envelope = envelope
        self._code_key = envelope.code.lower()
        self._codes = WORD_OR_NUMBER if codes is None else code(codes)
        members: list[Any] = [] if codes is None else list(codes)
        for each in members:
            # Silence would be taken for success, and a verdict is easily forgotten.
            if each.means not in _VERDICTS:
                raise TypeError(f"{each!r} says no Verdict: is it DONE, or which refusal is it?")
        self._done = [each for each in members if each.means == Verdict.DONE]
        if envelope.result not in {None, envelope.code} and not self._done:
            raise TypeError(f"an envelope needs a code that says done: {operation.path} has none")
        if self._is_refused is not None:
            self._refusing = next(each for each in members if each.means == Verdict.REFUSED)
        self._refused = refused
        self._refusal = refusal
        self._decode = decoder_of(answer)
        # Where there is a code for done, an object without a code may be a refusal.
        can_be_quick = envelope.result is None and not self._is_page
        if self._decode is None and can_be_quick and (not self._done or item_of(answer)):
            self._decode = reader_of(answer)

    def read(self, answer: Answered) -> Any:
        """The answer or the refusal. Raises :exc:`DecodeError`."""
        status = answer.status
        is_done = 200 <= status < 300
        if is_done and self._decode is not None:
            # Nearly every answer of a busy client, so straight to its type; if not, go and say why.
            try:
                return self._decode(answer.body)
            except (ValueError, TypeError, RecursionError):
                pass
        value = self._value(answer.body, status, is_done=is_done)
        if isinstance(value, Refusal):
            return value
        if self._is_refused is not None and status < 500 and isinstance(value, dict):
            is_done = True
        if not is_done:
            raise DecodeError(f"HTTP {status}, but {json_type(value)} in place of the error code")
        result = self._envelope.result
        if result is None:
            read = self._form.read(value)
        else:
            read = _member(result, self._form, fold(value) if isinstance(value, dict) else {})
        return Page(read, *of_content_range(answer.headers)) if self._is_page else read

    def _value(self, body: bytes, status: int, *, is_done: bool) -> object:
        """The body's value, or the refusal that it is."""
        value: object = None
        unread: DecodeError | None = None
        try:
            value = parse_json(body, http_status=status, mend=True)
        except DecodeError as error:
            unread = error
        refusal = None if self._refusal is None else self._refusal.read(value, status)
        if refusal is not None:
            return refusal
        if unread is not None:
            if is_done and not body and self._form is NOTHING and self._envelope.result is None:
                return None
            raise unread
        if isinstance(value, dict) and (self._done or self._code_key in map(str.lower, value)):
            return self._refused_by_code(fold(value), status) or value
        return value

    def _refused_by_code(self, given: Mapping[str, Any], status: int) -> Refusal | None:
        names = self._envelope
        said = _member(names.code, self._codes, given)
        if said in self._done or self._is_told_by_items(given):
            return None
        return Refusal(said, _member(names.description, PLAIN[str], given), status)

    def _is_told_by_items(self, given: Mapping[str, Any]) -> bool:
        """Whether a refusal holds the answer, which says of each item why."""
        if self._is_refused is None or self._envelope.result is None:
            return False
        try:
            return bool(self._is_refused(_member(self._envelope.result, self._form, given)))
        except DecodeError:
            return False

    def write(self, answer: object) -> HttpAnswer:
        """The answer or the refusal, compact. Raises :exc:`EncodeError`."""
        if isinstance(answer, Refusal):
            return self._write_refusal(answer)
        status, headers = self._status, {}
        if isinstance(answer, Page) and self._is_page:
            is_part, said = content_range(answer)
            status, headers = 206 if is_part else status, {"content-range": said} if said else {}
            answer = answer.items
        names = self._envelope
        if names.result is None:
            text = self._form.write(answer)
        else:
            text = _written(names.result, self._form.write, answer)
            if names.result != names.code:
                text = f"{quoted(names.result)}:{text}" if self._form is not NOTHING else ""
                code, said = self._done[0], self._said or self._done[0].text
                if self._is_refused is not None and self._is_refused(answer):
                    status, code = self._refused, self._refusing
                    said = code.text or code.meaning
                text = self._of_code(code, said, result=text)
            else:
                text = self._of_code(answer, getattr(answer, "text", ""))
        return HttpAnswer(status, text.encode(), headers, ANSWER_TYPE)

    def _write_refusal(self, refusal: Refusal) -> HttpAnswer:
        status = refusal.http_status or getattr(refusal.code, "http_status", self._refused)
        body = None if self._refusal is None else self._refusal.write(refusal)
        if body is None:
            body = self._of_code(refusal.code, refusal.description).encode()
        return HttpAnswer(status, body, {}, ANSWER_TYPE)

    def _of_code(self, value: object, description: str, *, result: str = "") -> str:
        names = self._envelope
        said = _written(names.code, self._codes.write, value)
        text = _written(names.description, PLAIN[str].write, description)
        members = [f"{quoted(names.code)}:{said}", f"{quoted(names.description)}:{text}"]
        if result:
            members.insert(len(members) if names.result_last else 0, result)
        return f"{{{','.join(members)}}}"


def _member(key: str, form: WireForm, given: Mapping[str, Any]) -> Any:
    try:
        return form.read(given.get(key.lower()))
    except DecodeError as error:
        raise DecodeError(error.reason, path=join(key, error.path)) from None


def _written(key: str, write: Callable[[Any], str], value: object) -> str:
    try:
        return write(value)
    except EncodeError as error:
        raise EncodeError(error.reason, path=join(key, error.path)) from None


_VERDICTS = frozenset(Verdict)
