"""The topic of plans: from it, whoever is given a hash applies the plan."""

import asyncio

from router.api import ConnectorError, Reason
from router.config.names import plans_topic
from router.dlq.plan import Plan
from router.kafka.clients import producer as producer_settings
from router.kafka.log import read_topic
from router.kafka.producer import AsyncProducer, Message

_SHORTEST = 6


def save(bootstrap_servers: str, pipeline: str, plan: Plan) -> None:
    """Keep the plan. Blocking; raises ConnectorError."""

    async def send() -> None:
        async with AsyncProducer(producer_settings(bootstrap_servers, f"con-{pipeline}-plans")) as producer:
            await producer.send([Message(plans_topic(pipeline), plan.hash.encode(), plan.value(), [], 0)])

    asyncio.run(send())


def find(bootstrap_servers: str, pipeline: str, digits: str) -> Plan:
    """The plan whose hash begins with these digits. Blocking; raises ConnectorError (PLAN_STALE, USAGE)."""
    if len(digits) < _SHORTEST:
        raise ConnectorError(Reason.USAGE, f"{digits!r} is too short for a plan's hash.", fix="Give all of it.")
    found = {
        plan.hash: plan
        for record in read_topic(bootstrap_servers, plans_topic(pipeline))
        if record.value is not None and (record.key or b"").startswith(digits.encode())
        for plan in [Plan.parse(record.value)]
    }
    if len(found) == 1:
        return found.popitem()[1]
    message = f"There is no plan {digits}." if not found else f"Several plans begin with {digits}."
    raise ConnectorError(Reason.PLAN_STALE, message, fix="Make a plan with `router dlq plan`, which shows its hash.")
