"""What was sent, and what became of it, in the project's database: an app.

::

    INSTALLED_APPS = [..., "devino_contrib.django", "devino_contrib.django.store"]

Each message that :func:`devino_contrib.django.send` sends gets a row, without its text. Callbacks
and ``manage.py devino_follow`` keep its state up to date. The admin lists the rows. It is for
projects without :mod:`devino_contrib.django.outbox`, which has a memory of its own.
"""
