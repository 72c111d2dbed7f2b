"""Where people work: the client in web frameworks and under observation.

Each module is an extra of its own and can be imported alone: ``pip install "devino[prometheus]"``
for :mod:`devino_contrib.prometheus`.
"""
