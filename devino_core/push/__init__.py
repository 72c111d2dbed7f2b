"""For authors of channels whose platform pushes events.

:class:`Handover` gives events to an iterator, and acknowledges each when the iterator asks for the
next one. :class:`Correlator` finds the message that a report is about, even if the report overtakes
the answer that gives the id.
"""

from ._correlator import Correlator, Origin
from ._handover import Handover, Holds

__all__ = ["Correlator", "Handover", "Holds", "Origin"]
