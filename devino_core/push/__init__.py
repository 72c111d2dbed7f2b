"""What a transport needs whose platform speaks first: whom a report is about, and who took it.

For authors of channels that push events. :class:`Handover` gives events to whoever iterates and
acknowledges each when the next one is asked for. :class:`Correlator` finds the message that a
report is about, also when the report overtakes the answer that gives the id.
"""

from ._correlator import Correlator, Origin
from ._handover import Handover, Holds

__all__ = ["Correlator", "Handover", "Holds", "Origin"]
