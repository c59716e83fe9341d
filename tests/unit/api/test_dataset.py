"""How data is named to the outside."""

import pytest

from router.api import Dataset, http_dataset


@pytest.mark.parametrize(
    ("url", "namespace", "name"),
    [
        ("https://api.example.com/v1/orders", "https://api.example.com:443", "/v1/orders"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "/"),
        ("http://[::1]:8080/in", "http://[::1]:8080", "/in"),
    ],
)
def test_an_address_is_named_by_its_server_and_its_path(url: str, namespace: str, name: str) -> None:
    assert http_dataset(url) == Dataset(namespace, name)


def test_an_address_is_named_without_what_may_be_secret() -> None:
    assert http_dataset("https://me:pass@host/in?token=abc#x") == Dataset("https://host:443", "/in")
