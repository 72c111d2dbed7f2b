"""Values that go anywhere: as plain data, and through pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

__all__ = ["Portable"]


class Portable(msgspec.Struct, frozen=True):
    """What a message, a status and a receipt have in common: they can be kept and sent on.

    pydantic and FastAPI take them as fields, arguments and answers, written as :meth:`to_dict` has
    them. pydantic is not needed for anything else.
    """

    def to_dict(self) -> dict[str, object]:
        """The value as JSON has it: times as ISO 8601, money as a string, an error as its kind and
        its facts.

        Numbers and texts are in it in full. Raises TypeError if an option of a message is of a
        type that JSON does not have.
        """
        from ._plain import plain

        return plain(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Self:
        """The value that :meth:`to_dict` gave. Raises InvalidArgument for anything else.

        An error comes back as its class, or as the nearest class of this library.
        """
        from ._plain import read

        return read(value, cls)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from ._plain import pydantic_schema

        return pydantic_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        from ._plain import json_schema

        return json_schema(cls)
