"""The sandbox's own services: each public module here is one protocol, loaded like a plugin.

To add a protocol, add a module that implements
:func:`~devino_sandbox.hookspecs.devino_sandbox_services`; there is no list to extend.
"""
