"""Routing: which topic and key a record gets; pure."""

from router.routing.router import Dropped, Routed, Router, compile_routes

__all__ = ["Dropped", "Routed", "Router", "compile_routes"]
