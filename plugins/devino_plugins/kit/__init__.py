"""What transports share, the platform's own and yours: settings, checks, planning, refusals.

Nothing here knows a wire. Transports import from here and never from each other.
"""
