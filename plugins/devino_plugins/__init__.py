"""Channels of the platform, one folder a protocol, each a plugin."""
