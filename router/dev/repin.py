"""Write artifacts.toml anew, after the versions here were changed: `python -m router.dev.repin`."""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from router.dev.extras import extra
from router.dev.pins import PINS_FILE

KAFKA = "4.1.1"
# Kafka logs through slf4j 1.7 and brings no backend; this one writes to stderr.
SLF4J = "1.7.36"
REGISTRY = "3.3.3"


def main() -> None:
    """Resolve and download everything, and write down its hashes."""
    with tempfile.TemporaryDirectory() as directory:
        maven = extra("jgo.maven").MavenContext(repo_cache=Path(directory))
        kafka, needed = maven.resolver.resolve([maven.create_dependency(f"org.apache.kafka:kafka_2.13:{KAFKA}")])
        jars = [dependency.artifact for dependency in (*kafka, *needed) if dependency.scope != "test"]
        jars.append(maven.project("org.slf4j", "slf4j-simple").at_version(SLF4J).artifact())
        registry = maven.project("io.apicurio", "apicurio-registry-app").at_version(REGISTRY)
        PINS_FILE.write_text(
            "# The embedded stack, pinned. Written by `python -m router.dev.repin`; do not edit.\n\n"
            + _table("kafka", f"Apache Kafka {KAFKA}", jars)
            + "\n"
            + _table("registry", f"Apicurio Registry {REGISTRY}", [registry.artifact("all", "tar.gz")])
        )


def _table(component: str, title: str, artifacts: Iterable[Any]) -> str:
    lines = sorted(_pin(artifact) for artifact in artifacts)
    return "\n".join([f"[{component}]", f'title = "{title}"', "files = [", *lines, "]", ""])


def _pin(artifact: Any) -> str:
    content: bytes = artifact.resolve().read_bytes()
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    if artifact.classifier or artifact.packaging != "jar":
        coordinate += f":{artifact.classifier}:{artifact.packaging}"
    digest = hashlib.sha256(content).hexdigest()
    return f'    {{ coordinate = "{coordinate}", size_bytes = {len(content)}, sha256 = "{digest}" }},'


if __name__ == "__main__":
    main()
