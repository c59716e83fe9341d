"""Where peers are kept between runs."""

from router.dev.places import default_cache

CACHE = default_cache().parent / "peers"
