"""The example's webhooks are what the product's own endpoints accept, and its configuration is valid."""

import shlex
import stat
import time
from collections import Counter
from pathlib import Path

import pytest

from router.api import ConnectorError, Request
from router.config.load import Loaded, load
from router.dev.example.events import Post, Run
from router.dev.example.guest import curl
from router.dev.example.place import Place
from router.dev.example.ports import USUAL, ExamplePorts
from router.routing import compile_routes
from router.testing.received import records_of

PORTS = ExamplePorts(19_092, 19_093, 18_081, 15_432, 18_080, 19_464, 19_000)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.write_pipeline(PORTS)
    return made


@pytest.fixture
def loaded(place: Place) -> Loaded:
    variables = place.secrets().variables("password")
    return load(place.pipeline, resolve=lambda reference: variables[reference[6:-1]])


def answer(loaded: Loaded, post: Post) -> str:
    """The topic that the post would go to, or why it would go to none."""
    name, source = next((n, s) for n, s in loaded.receivers.items() if s.connector.path(s.config) == post.path)
    headers = tuple([(key.lower(), value) for key, value in post.headers.items()])
    try:
        request = Request("POST", post.path, headers, post.body, time.time())
        (record,) = records_of(source.connector.open(source.config, name), request)
    except ConnectorError as error:
        return error.reason
    return getattr(compile_routes(name, source.settings.routes).route(record), "topic", "dropped")


def test_the_endpoints_take_and_refuse_as_the_story_says(place: Place, loaded: Loaded) -> None:
    answers = Counter(answer(loaded, post) for post in Run(place.secrets()).posts())

    assert answers == {
        "shop.github.v1": answers["shop.github.v1"],
        "shop.orders.v1": answers["shop.orders.v1"],
        "dropped": 6,
        "SIGNATURE_MISMATCH": 9,
        "SIGNATURE_MISSING": 3,
        "TIMESTAMP_OUT_OF_WINDOW": 4,
    }
    assert answers["shop.github.v1"] + answers["shop.orders.v1"] == 160 + 130 + 15


def test_a_repetition_comes_after_what_it_repeats(place: Place) -> None:
    posts = Run(place.secrets()).posts()

    assert len(posts) - len({(post.path, post.body, str(post.headers)) for post in posts}) == 15


def test_the_configuration_has_the_ports_of_this_machine_and_no_other(place: Place, loaded: Loaded) -> None:
    text = place.pipeline.read_text()

    assert loaded.pipeline.ingress.port == PORTS.ingress
    assert loaded.pipeline.admin.port == PORTS.admin
    assert loaded.pipeline.kafka.bootstrap_servers == f"127.0.0.1:{PORTS.kafka}"
    assert not any(f":{port}" in text for port in (USUAL.kafka, USUAL.registry, USUAL.postgres, USUAL.receiver))


def test_the_secrets_are_kept_and_for_this_user_alone(place: Place, tmp_path: Path) -> None:
    first = place.secrets()

    assert place.secrets() == first
    files = list((tmp_path / "example" / "secrets").iterdir())
    assert len(files) == 3
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert first.github not in repr(first)


def test_the_command_for_the_user_is_one_line_of_shell_that_the_endpoint_accepts(place: Place, loaded: Loaded) -> None:
    run = Run(place.secrets())
    command = curl(run.github("push", "yours", {"repository": {"full_name": "it's/mine"}}), "http://127.0.0.1:8080")

    words = shlex.split(command)
    headers = [words[at + 1] for at, word in enumerate(words) if word == "-H"]
    body = words[words.index("-d") + 1].encode()

    assert "\n" not in command
    post = Post("/hooks/github", dict(header.split(": ", 1) for header in headers), body)
    assert answer(loaded, post) == "shop.github.v1"


def test_two_examples_do_not_share_a_place(place: Place, tmp_path: Path) -> None:
    with place.held(), pytest.raises(ConnectorError, match="another example"), Place(tmp_path).held():
        pass
