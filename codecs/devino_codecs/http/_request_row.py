"""The requests of an operation made ready: where each field stands, written and read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from devino_codecs._sizes import check_size
from devino_codecs.errors import DecodeError, EncodeError

from ._arguments import Argument, Found, argument_of, credential, names_of, split_at
from ._auth import Auth
from ._errors import InvalidArgumentError, MissingArgumentError
from ._json import HALF_A_PAIR, json_type
from ._messages import FORM, HttpRequest
from ._operation import Operation
from ._paths import placeholder, split
from ._structs import Field, fields, fold, join, members_writer

__all__ = ["RequestRow", "Scheme"]

_NO_BODY: Mapping[str, Any] = {}
# Some servers drop the body of a DELETE; that of JSON has no other place.
_JSON_IN_URL = frozenset({"GET", "HEAD"})
_FORM_IN_URL = frozenset({"GET", "HEAD", "DELETE"})


class Scheme:
    """One way to say who asks, made ready."""

    def __init__(self, auth: Auth) -> None:
        self.of = auth.of
        self.arguments = tuple(map(credential, auth.of.__struct_fields__, auth.names))
        self.header = auth.header
        self.to_header = auth.to_header
        self._from_header = auth.from_header
        self._nobody = None if auth.header is None else auth.from_header("")

    def of_header(self, headers: Mapping[str, str]) -> Any:
        """Who the header says."""
        return self._from_header(headers.get((self.header or "").lower(), ""))

    def is_there(self, found: Found, headers: Mapping[str, str]) -> bool:
        """Whether anything of it came."""
        if self.header is not None:
            return bool(self.of_header(headers) != self._nobody)
        return any(found.has(argument.name) for argument in self.arguments)


class RequestRow:
    """The requests of one operation; ``read_body`` is None where they are forms."""

    def __init__(
        self,
        operation: Operation,
        auth: Auth,
        read_body: Callable[[bytes], object] | None,
        *,
        any_method: bool,
    ) -> None:
        self.operation = operation
        self._read_body = read_body
        is_form = read_body is None
        self.method = "POST" if is_form and any_method else operation.method
        self.posts_form = is_form and self.method not in _FORM_IN_URL
        self.schemes = {scheme.of: Scheme(scheme) for scheme in auth.schemes}
        has_body = not is_form and self.method not in _JSON_IN_URL
        self._place(fields(operation.request), has_body=has_body)

    def _place(self, table: tuple[Field, ...], *, has_body: bool) -> None:
        named = {field.name: field for field in table}
        self.segments = split(self.operation.path)
        if self.operation.path.endswith("/"):
            self.segments += ("",)
        try:
            self.in_path = {
                name: named[name]
                for segment in self.segments
                if (name := placeholder(segment)) is not None
            }
        except KeyError as missing:
            raise TypeError(f"{self.operation.request.__name__} has no {missing}") from None
        self.in_header = tuple(field for field in table if field.header)
        self.in_lines = (*self.in_path.values(), *self.in_header)
        rest = tuple(f for f in table if f.name not in self.in_path and not f.header)
        self.in_body = tuple(
            field
            for field in table
            if has_body and (field.in_body_too or field in rest) and not field.in_query
        )
        self.write_body = members_writer(self.in_body) if self.in_body else None
        self._check((*self.in_lines, *(f for f in rest if f not in self.in_body)))
        self.readable = tuple((field, argument_of(field), field.keys) for field in rest)
        self.arguments = tuple(
            argument for field, argument, _ in self.readable if field not in self.in_body
        )
        credentials = [each for scheme in self.schemes.values() for each in scheme.arguments]
        self.names = names_of([*credentials, *(argument for _, argument, _ in self.readable)])

    def _check(self, lines: Iterable[Field]) -> None:
        """What stands in a path, a header, a query or a form is text."""
        for field in lines:
            if field.form.is_json_alone:
                raise TypeError(
                    f"{self.operation.request.__name__}.{field.name}: "
                    f"{field.form} stands in JSON alone"
                )

    def path_of(self, request: Any) -> tuple[str, ...]:
        """The segments, with what stands in their placeholders."""
        return tuple(
            [
                segment if (name := placeholder(segment)) is None else self._segment(name, request)
                for segment in self.segments
            ]
        )

    def _segment(self, name: str, request: Any) -> str:
        text = _line(self.in_path[name], request)
        if text in {"", ".", ".."}:
            # On their way, all of these would change which path it is.
            raise EncodeError("empty, or the name of a folder", path=name)
        try:
            text.encode()
        except UnicodeError:
            raise EncodeError(HALF_A_PAIR, path=name) from None
        return text

    def headers_of(self, request: Any) -> dict[str, str]:
        """The headers that fields of the request stand in."""
        headers = {}
        for field in self.in_header:
            text = _line(field, request)
            if not (text.isascii() and text.isprintable()):
                raise EncodeError("a character that no header can hold", path=field.name)
            if text.strip() != text:
                raise EncodeError("blanks around it", path=field.name)
            if text:
                headers[field.header or ""] = text
            elif field.is_required:
                raise EncodeError("must not be empty", path=field.name)
        return headers

    def read(
        self,
        http: HttpRequest,
        in_path: Mapping[str, str],
        *,
        split_lists: bool,
        max_size: int,
    ) -> tuple[Any, Any]:
        """The request, and who asks. Raises :exc:`ArgumentError`."""
        found, given = Found(self.names), _NO_BODY
        try:
            if http.query:
                query = http.query.encode(errors="surrogatepass")
                check_size(query, max_size)
                found.add(query)
            if http.body:
                check_size(http.body, max_size)
                if self._read_body is None or _is_form(http):
                    found.add(http.body)
                else:
                    given = _object(self._read_body, http.body)
        except DecodeError as error:
            raise self._invalid(error.reason, "") from None
        values: dict[str, Any] = {}
        for field in self.in_lines:
            text = in_path.get(field.name) or http.headers.get((field.header or "").lower())
            value = self._checked(field.name, _unline, field, text) if text else None
            self._keep(values, field, value)
        for field, argument, keys in self.readable:
            if given:
                key = next((key for key in keys if given.get(key) is not None), None)
                if key is not None:
                    values[field.attribute] = self._checked(field.name, field.json.read, given[key])
                    continue
                if field.is_null_said and not given.keys().isdisjoint(keys):
                    values[field.attribute] = None
                    continue
            self._keep(values, field, self._argument(argument, found, split_lists))
        request = self.operation.request(**values)
        return request, self._credentials(found, http.headers)

    def lists_several(self, http: HttpRequest, max_size: int) -> bool:
        """Whether a field that has another name for lists, and room for one value, got several."""
        found = Found(self.names)
        try:
            for data in (http.query.encode(errors="surrogatepass"), http.body):
                check_size(data, max_size)
                found.add(data)
        except DecodeError:
            return False  # whoever reads it says why
        return any(
            field.also and not field.is_list and found.count(argument.name) > 1
            for field, argument, _ in self.readable
        )

    def _keep(self, values: dict[str, Any], field: Field, value: Any) -> None:
        if value is not None and value != ():
            values[field.attribute] = value
        elif field.is_required:
            raise self._missing(field.name)

    def _argument(self, argument: Argument, found: Found, split_lists: bool) -> Any:
        try:
            texts = found.texts(argument.name)
            if split_lists and argument.separators:
                texts = split_at(argument.separators, texts)
            return argument.take(texts)
        except DecodeError as error:
            raise self._invalid(error.reason, join(argument.name, error.path)) from None
        except UnicodeError as error:
            raise self._invalid(str(error), argument.name) from None

    def _checked(self, name: str, read: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return read(*arguments)
        except DecodeError as error:
            raise self._invalid(error.reason, join(name, error.path)) from None

    def _missing(self, path: str) -> MissingArgumentError:
        return MissingArgumentError("missing or empty", path=path, request=self.operation.request)

    def _invalid(self, reason: str, path: str) -> InvalidArgumentError:
        return InvalidArgumentError(reason, path=path, request=self.operation.request)

    def _credentials(self, found: Found, headers: Mapping[str, str]) -> Any:
        schemes = self.schemes.values()
        scheme = next(iter(schemes))
        if len(schemes) > 1:
            scheme = next((each for each in schemes if each.is_there(found, headers)), scheme)
        if scheme.header is not None:
            return scheme.of_header(headers)
        said = []
        for argument in scheme.arguments:
            text = self._argument(argument, found, split_lists=False)
            if not text:
                raise self._missing(argument.name)
            said.append(text)
        return scheme.of(*said)


def _object(read: Callable[[bytes], object], body: bytes) -> Mapping[str, Any]:
    value = read(body)
    if not isinstance(value, dict):
        raise DecodeError(f"expected an object, got {json_type(value)}")
    return fold(value)


def _is_form(http: HttpRequest) -> bool:
    # curl calls a form what it was not told to be JSON.
    is_said = (http.content_type or "").lower().startswith(FORM)
    return is_said and http.body.lstrip()[:1] not in {b"{", b"["}


def _line(field: Field, request: Any) -> str:
    """A field as one line of text, a list as its items between commas."""
    value = getattr(request, field.attribute)
    if value is None:
        return ""
    try:
        return _items(field, value) if field.is_list else field.form.text(value)
    except EncodeError as error:
        raise EncodeError(error.reason, path=join(field.name, error.path)) from None


def _items(field: Field, values: object) -> str:
    if not isinstance(values, tuple | list):
        raise EncodeError(f"expected a tuple, got {type(values).__name__}")
    items = [field.form.text(item) for item in values]
    if any("," in item or not item for item in items):
        raise EncodeError("an item is empty or has a comma in it")
    return ",".join(items)


def _unline(field: Field, text: str) -> Any:
    if not field.is_list:
        return field.form.parse(text)
    return tuple([field.form.parse(item) for item in text.split(",") if item])
