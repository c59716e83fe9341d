"""Doubles that connector authors and our own tests use: small, real classes."""

from router.testing.sinks import PositionedScriptedSink, ScriptedSink
from router.testing.sources import Emits, NoSettings, ScriptedSource, scripted_connector

__all__ = [
    "Emits",
    "NoSettings",
    "PositionedScriptedSink",
    "ScriptedSink",
    "ScriptedSource",
    "scripted_connector",
]
