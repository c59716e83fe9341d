"""A configuration as a tree: from sources by topics to sinks."""

from collections.abc import Iterable

from rich.text import Text
from rich.tree import Tree

from router.config.load import Loaded, LoadedSink


def summary(loaded: Loaded) -> Tree:
    """Where events come from and go to. It shows names, endpoints and addresses, and no other setting."""
    tree = Tree(Text(loaded.pipeline.name, "bold"))
    written: set[str] = set()
    for name, settings in loaded.pipeline.sources.items():
        branch = tree.add(Text.assemble((name, "bold cyan"), f"  {settings.connector} {_origin(name, loaded)}"))
        topics = dict.fromkeys(route.topic for route in settings.routes if route.topic)
        written |= topics.keys()
        _add_topics(branch, topics, loaded)
    elsewhere = {topic for sink in loaded.sinks.values() for topic in sink.settings.topics} - written
    if elsewhere:
        _add_topics(tree.add(Text("written elsewhere", "dim")), sorted(elsewhere), loaded)
    return tree


def _origin(name: str, loaded: Loaded) -> str:
    receiver = loaded.receivers.get(name)
    if receiver is not None:
        return f"at {receiver.connector.path(receiver.config)}"
    source = loaded.sources[name]
    hosts = source.connector.hosts(source.config)
    return f"from {', '.join(hosts)}" if hosts else "from this machine"


def _add_topics(branch: Tree, topics: Iterable[str], loaded: Loaded) -> None:
    for topic in topics:
        leaf = branch.add(Text(topic, "yellow"))
        readers = [(name, sink) for name, sink in loaded.sinks.items() if topic in sink.settings.topics]
        for name, sink in readers:
            leaf.add(_sink(name, sink))
        if not readers:
            leaf.add(Text("read by no sink here", "dim"))


def _sink(name: str, sink: LoadedSink) -> Text:
    connector = sink.connector
    hosts = ", ".join(connector.hosts(sink.config))
    to = f" to {hosts}" if hosts else ""
    return Text.assemble((name, "bold green"), f"  {connector.name}{to}, {connector.guarantee.replace('_', ' ')}")
