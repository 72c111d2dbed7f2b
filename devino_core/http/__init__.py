"""The HTTP session of all channels and services, with what a message platform needs.

It needs the extra ``http``. Beyond plain aiohttp it guarantees:

- an error says whether the request can have been carried out (:mod:`devino_core.errors`);
- a request that changes something is sent once, whatever its verb;
- an answer belongs to its question: a kept connection on which anything came between two calls is
  closed, and so is one that the peer has closed;
- a call ends in time, whatever the peer sends and however slowly the name server answers;
- no redirect is followed, no environment proxy or ``.netrc`` is used, no cookie is kept;
- TLS is verified with the host name; plain ``http`` is refused except to this machine;
- a value cannot break out of its path segment or its header;
- an answer larger than ``max_answer`` bytes, after decompression, ends the call;
- no error shows a URL, a header or a body, not even in the locals of its frames, and neither does
  a call that is cancelled: those hold passwords on this platform.
"""

from devino_core._secret import Body

from ._answer import FetchedAnswer
from ._connector import connector
from ._session import HttpSession

__all__ = ["Body", "FetchedAnswer", "HttpSession", "connector"]
