"""Doubles that connector authors and our own tests use: small, real classes."""

from router.testing.sinks import PositionedScriptedSink, ScriptedSink

__all__ = ["PositionedScriptedSink", "ScriptedSink"]
