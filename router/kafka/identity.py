"""Which topic it is: a topic that was deleted and made again has another id."""

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from router.kafka.clients import connection
from router.kafka.errors import translate

_TIMEOUT_SECONDS = 10


def topic_id(bootstrap_servers: str, topic: str) -> str | None:
    """The topic's id, unlike that of any other topic of any cluster; None if there is no such topic. Blocking.

    Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
    """
    admin = AdminClient(connection(bootstrap_servers, "con-identity"))
    try:
        described = admin.describe_topics(TopicCollection([topic]), request_timeout=_TIMEOUT_SECONDS)
        return str(described[topic].result().topic_id)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise translate(error, f"describing topic {topic}") from error
