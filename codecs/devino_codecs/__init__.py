"""Wire formats of the platform: pure functions between typed values and bytes.

Each codec is a module of its own and imports nothing that does I/O. Import one alone with
``from devino_codecs import rest``.
"""

from .errors import CodecError, DecodeError, EncodeError

__all__ = ["CodecError", "DecodeError", "EncodeError"]
