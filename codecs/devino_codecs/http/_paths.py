"""From a path to the row that it means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ._errors import UnknownResourceError
from ._operation import Operation

__all__ = ["Paths", "placeholder", "split"]

Segments: TypeAlias = tuple[str, ...]


def split(path: str) -> Segments:
    """The segments of a path as a table spells it."""
    return tuple([part for part in path.split("/") if part])


def placeholder(segment: str) -> str | None:
    """The name in ``{Name}``; None for a segment that stands for itself."""
    if "{" not in segment:
        return None
    if segment[0] != "{" or segment[-1] != "}" or segment.count("{") > 1:
        raise TypeError(f"a placeholder must be a whole segment: {segment!r}")
    return segment[1:-1]


class Paths:
    """The paths of an interface, in any case; bare, or below one of ``prefixes``."""

    def __init__(
        self,
        operations: Iterable[Operation],
        prefixes: Iterable[str],
        absent: Mapping[str, str],
        *,
        any_method: bool,
    ) -> None:
        self._any_method = any_method
        self._absent = {split(path.lower()): reason for path, reason in absent.items()}
        # The longest first: what a prefix leaves over may begin like another.
        self._prefixes = sorted((split(one.lower()) for one in prefixes), key=len, reverse=True)
        self._literal: dict[Segments, list[Operation]] = {}
        self._patterns: list[tuple[Segments, Operation]] = []
        for operation in operations:
            segments = split(operation.path)
            if any(placeholder(segment) for segment in segments):
                self._patterns.append((segments, operation))
            else:
                lower = tuple([segment.lower() for segment in segments])
                self._literal.setdefault(lower, []).append(operation)
        self._whole = {
            prefix + segments: operations
            for prefix in ((), *reversed(self._prefixes))
            for segments, operations in self._literal.items()
        }

    def prefix_of(self, segments: Segments) -> int:
        """How many of these segments are a prefix of this interface."""
        lower = tuple([segment.lower() for segment in segments[:_LONGEST]])
        return next((len(p) for p in self._prefixes if lower[: len(p)] == p), 0)

    def find(self, method: str, segments: Segments) -> tuple[Operation, Mapping[str, str]]:
        """The row, and what stands in its placeholders.

        Raises :exc:`UnknownResourceError`.
        """
        lower = tuple([segment.lower() for segment in segments])
        operations = self._whole.get(lower)
        if operations is not None and (self._any_method or operations[0].method == method):
            return operations[0], _NOTHING
        skipped = self.prefix_of(segments)
        found = [(each, _NOTHING) for each in operations or ()]
        for skip in {skipped, 0}:
            found += self._fitting(segments[skip:], lower[skip:])
        for operation, held in found:
            if self._any_method or operation.method == method:
                return operation, held
        if found:
            methods = frozenset(operation.method for operation, _ in found)
            raise UnknownResourceError(
                f"{method[:20]!r} is not for this resource, but {' or '.join(sorted(methods))}",
                methods=methods,
            )
        raise UnknownResourceError(self._unknown(segments, lower, skipped))

    def _fitting(
        self, segments: Segments, lower: Segments
    ) -> list[tuple[Operation, Mapping[str, str]]]:
        found: list[tuple[Operation, Mapping[str, str]]] = []
        for pattern, operation in self._patterns:
            if len(pattern) != len(segments):
                continue
            held = {}
            for wanted, segment, folded in zip(pattern, segments, lower, strict=True):
                name = placeholder(wanted)
                if name is not None:
                    held[name] = segment
                elif wanted.lower() != folded:
                    break
            else:
                found.append((operation, held))
        return found

    def _unknown(self, segments: Segments, lower: Segments, skipped: int) -> str:
        absent = self._absent.get(lower[skipped:])
        if absent is not None:
            return absent
        from difflib import get_close_matches  # only here, where nobody waits

        known = ["/".join(one) for one in self._literal]
        known += ["/".join(pattern) for pattern, _ in self._patterns]
        near = get_close_matches("/".join(lower[skipped:])[:60], known, n=1)
        before = "".join([f"/{part}" for part in lower[:skipped] or _first(self._prefixes)])
        hint = f", did you mean {before}/{near[0]}?" if near else ""
        return f"no resource {'/' + '/'.join(segments)[:60]!r}{hint}"


_LONGEST = 10
_NOTHING: Mapping[str, str] = {}


def _first(prefixes: Sequence[Segments]) -> Segments:
    return prefixes[0] if prefixes else ()
