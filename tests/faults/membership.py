"""Who is in a consumer group, and who has which partition: unchanged for as long as nothing is rebalanced."""

from confluent_kafka.admin import AdminClient

from router.dev.endpoints import Endpoints

_SECONDS = 20


class Membership:
    """A consumer group, seen from outside."""

    def __init__(self, endpoints: Endpoints, group: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": endpoints.bootstrap_servers})
        self._group = group

    def look(self) -> str:
        """The group's state, members and their partitions, as a text to compare."""
        described = self._admin.describe_consumer_groups([self._group], request_timeout=_SECONDS)
        group = described[self._group].result()
        members = [
            f"{member.member_id}: "
            + " ".join(sorted(f"{place.topic}-{place.partition}" for place in member.assignment.topic_partitions))
            for member in group.members
        ]
        return "\n".join([group.state.name, *sorted(members)])
