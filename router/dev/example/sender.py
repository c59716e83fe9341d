"""The senders: post the webhooks and count the answers."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp

from router.dev.example.events import Post

_AT_ONCE = 8


class Sender:
    """Posts at a pace that an eye can follow. posted: requests sent; accepted: those answered with 202."""

    def __init__(self, base_url: str, posts_a_second: float) -> None:
        self._base_url = base_url
        self._posts_a_second = posts_a_second
        self.posted = 0
        self.accepted = 0

    async def send(self, posts: Sequence[Post]) -> None:
        """Post them in order, a few at once, and return when all are answered, or not to be answered."""
        free = asyncio.Semaphore(_AT_ONCE)
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with aiohttp.ClientSession(self._base_url) as session, asyncio.TaskGroup() as group:
            for number, post in enumerate(posts):
                await asyncio.sleep(start + number / self._posts_a_second - loop.time())
                await free.acquire()
                group.create_task(self._post(session, post, free))

    async def _post(self, session: aiohttp.ClientSession, post: Post, free: asyncio.Semaphore) -> None:
        self.posted += 1
        try:
            async with session.post(post.path, data=post.body, headers=post.headers) as answer:
                await answer.read()
                self.accepted += answer.status == HTTPStatus.ACCEPTED
        except aiohttp.ClientError:
            # It is posted and neither accepted nor refused: the balance will say so.
            return
        finally:
            free.release()
