"""What several transports share: limits of messages, receipts, the meaning of codes and refusals.

Nothing here knows a wire. Transports import from here and never from each other.
"""
