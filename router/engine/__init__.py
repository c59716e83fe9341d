"""The SDK of engines: programs of one's own that subscribe to topics and get typed envelopes."""

from router.engine.app import EngineApp
from router.engine.envelope import Envelope
from router.engine.settings import EngineSettings
from router.engine.subscription import Subscription, subscribe

__all__ = ["EngineApp", "EngineSettings", "Envelope", "Subscription", "subscribe"]
