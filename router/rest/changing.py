"""What changes a connector: create, reconfigure, delete, pause, stop, restart, move offsets."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from router.config.models import Pipeline
from router.control.records import Entry
from router.fetching.states import State
from router.rest.answers import RestError, body, empty, invalid, shown
from router.rest.cluster import Cluster
from router.rest.documents import NAME
from router.rest.offsets import pairs
from router.rest.reading import flat_config, info, known, offsets_of, task_number
from router.rest.requests import Call, flat_map
from router.rest.statuses import View, after_restart, state_info
from router.rest.validation import check

_TARGETS = (State.RUNNING, State.PAUSED, State.STOPPED)
_STOPPING_SECONDS = 15.0


class Changing:
    """The handlers. One change at a time: each is decided on what the topics say, read to their end."""

    def __init__(self, pipeline: Pipeline, cluster: Cluster) -> None:
        self._pipeline = pipeline
        self._cluster = cluster
        self._one_at_a_time = asyncio.Lock()

    async def create(self, call: Call) -> web.Response:
        """A new connector: 201; 409 if there is one of its name."""
        content = await call.json()
        if set(content) - {"name", "config", "initial_state"}:
            raise _bad("The body may have `name`, `config` and `initial_state` only.")
        name = content.get("name")
        if not isinstance(name, str) or not name.strip():
            raise _bad("The body must have a `name`, a string.")
        call.connector = shown(name.strip())
        flat = _named(flat_map(content.get("config")), name.strip())
        state = _initial_state(content.get("initial_state"))
        async with self._one_at_a_time:
            current = await self._cluster.store.read()
            if name.strip() in current.entries:
                raise RestError(HTTPStatus.CONFLICT, f"Connector {shown(name.strip())} already exists")
            return await self._put(call, name.strip(), flat, current.entries, state)

    async def put_config(self, call: Call) -> web.Response:
        """A new configuration: 200, or 201 if the connector is new."""
        call.connector = shown(call.name)
        flat = _named(flat_map(await call.json()), call.name)
        async with self._one_at_a_time:
            current = await self._cluster.store.read()
            return await self._put(call, call.name, flat, current.entries)

    async def patch_config(self, call: Call) -> web.Response:
        """Some settings: null removes one."""
        patch = flat_map(await call.json())
        async with self._one_at_a_time:
            view, entry = await self._now(call)
            merged: dict[str, str | None] = {**flat_config(call.name, entry), **patch}
            return await self._put(call, call.name, _named(merged, call.name), view.connectors.entries)

    async def delete(self, call: Call) -> web.Response:
        """The connector is no more; its topics, offsets and dead letters stay."""
        async with self._one_at_a_time:
            _refuse_if_declared(call.name, (await self._now(call))[1])
            await self._cluster.store.delete(call.name)
        await self._cluster.until(lambda view: call.name not in view.connectors.entries)
        return empty()

    async def pause(self, call: Call) -> web.Response:
        """Its tasks stay where they are and do nothing."""
        return await self._target(call, State.PAUSED)

    async def resume(self, call: Call) -> web.Response:
        """Its tasks run."""
        return await self._target(call, State.RUNNING)

    async def stop(self, call: Call) -> web.Response:
        """It has no tasks, so that its offsets can be moved."""
        return await self._target(call, State.STOPPED)

    async def restart(self, call: Call) -> web.Response:
        """A connector is its tasks: they restart. Without parameters the answer is 204, as Connect's."""
        only_failed, include_tasks = call.flag("onlyFailed"), call.flag("includeTasks")
        view, _ = await self._now(call)
        # Before the restart is written: what failed is what failed until now.
        answer = after_restart(state_info(view, call.name), only_failed=only_failed)
        await self._cluster.store.restart(call.name, None, only_failed)
        return body(answer, HTTPStatus.ACCEPTED) if only_failed or include_tasks else empty()

    async def restart_task(self, call: Call) -> web.Response:
        """One task restarts."""
        view, _ = await self._now(call)
        number = task_number(view, call)
        call.detail = f"task {number}"
        await self._cluster.store.restart(call.name, number, False)
        return empty()

    async def alter_offsets(self, call: Call) -> web.Response:
        """Move offsets while it is stopped."""
        wanted = pairs(await call.json())
        offsets = offsets_of(self._pipeline, call.name, await self._stopped(call))
        await offsets.alter(wanted)
        call.detail = f"{len(wanted)} partitions"
        return body({"message": "The offsets for this connector have been altered successfully"})

    async def reset_offsets(self, call: Call) -> web.Response:
        """Forget all offsets while it is stopped."""
        offsets = offsets_of(self._pipeline, call.name, await self._stopped(call))
        await offsets.reset()
        return body({"message": "The offsets for this connector have been reset successfully"})

    async def reset_topics(self, call: Call) -> web.Response:
        """Nothing to forget: the topics are those of the configuration."""
        await self._now(call)
        return empty(HTTPStatus.ACCEPTED)

    async def _put(
        self,
        call: Call,
        name: str,
        flat: Mapping[str, str],
        entries: Mapping[str, Entry],
        state: State | None = None,
    ) -> web.Response:
        """Validate and write the configuration. Raises RestError: 400, 409."""
        present = entries.get(name)
        if present is not None:
            _refuse_if_declared(name, present)
        checked = check(self._pipeline, flat, entries)
        if checked.loaded is None or checked.document.plugin is None:
            raise invalid(checked.faults)
        kind, settings = checked.document.plugin.kind, checked.document.settings
        if present is not None and present.kind != kind:
            raise _bad(f"Connector {name} is a {present.kind}, and stays one: delete it first.")
        version = present.version if present else 0
        if present is None or present.settings != settings:
            version += 1
            entry = Entry(kind, settings, "api", version, datetime.now(UTC).isoformat(), call.caller.name)
            if state is not None:
                await self._cluster.store.target(name, state)
            await self._cluster.store.put(name, entry)
        call.detail = _told(version, present, flat, name)
        view = await self._cluster.until(lambda view: _has(view, name, version))
        location = {"Location": f"/connectors/{name}"} if present is None else {}
        # Should the brokers be slow to show it, it is durable all the same.
        answer = info(view, name) if name in view.connectors.entries else {"name": name, "config": dict(flat)}
        return body(answer, HTTPStatus.OK if present else HTTPStatus.CREATED, location)

    async def _target(self, call: Call, state: State) -> web.Response:
        await self._now(call)
        await self._cluster.store.target(call.name, state)
        await self._cluster.until(lambda view: view.target(call.name) is state)
        return empty(HTTPStatus.ACCEPTED)

    async def _now(self, call: Call) -> tuple[View, Entry]:
        """The connector as the topic has it now. Raises RestError (404)."""
        call.connector = shown(call.name)
        current = await self._cluster.store.read()
        return known(self._cluster.view()._replace(connectors=current), call.name)

    async def _stopped(self, call: Call) -> Entry:
        """The connector, if it is stopped. Raises RestError: 400 if it is not to be, 409 if its tasks still run."""
        view, entry = await self._now(call)
        if view.target(call.name) is not State.STOPPED:
            raise _bad(
                "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for "
                f"the specified connector by issuing a 'PUT' request to the '/connectors/{call.name}/stop' endpoint"
            )
        view = await self._cluster.until(lambda view: view.has_stopped(call.name), _STOPPING_SECONDS)
        if not view.has_stopped(call.name):
            message = "Its tasks have not stopped yet. The request can be repeated in a few seconds."
            raise RestError(HTTPStatus.CONFLICT, message)
        return entry


def _named(flat: Mapping[str, str | None], name: str) -> dict[str, str]:
    """The configuration with its name. Raises RestError (400) if it has another one."""
    given = flat.get(NAME)
    if given is not None and given != name:
        raise _bad(
            f"Connector name configuration ({shown(given)}) doesn't match connector name in the URL ({shown(name)})"
        )
    return {key: text for key, text in flat.items() if text is not None} | {NAME: name}


def _initial_state(text: Any) -> State | None:
    if text is None:
        return None
    if not isinstance(text, str) or text.upper() not in _TARGETS:
        raise _bad("The initial_state must be one of RUNNING, PAUSED and STOPPED.")
    return State(text.upper())


def _refuse_if_declared(name: str, entry: Entry) -> None:
    if entry.origin == "file":
        message = f"Connector {name} is declared in a file: change it there, and `router apply` it."
        raise RestError(HTTPStatus.CONFLICT, message)


def _has(view: View, name: str, version: int) -> bool:
    entry = view.connectors.entries.get(name)
    return entry is not None and entry.version >= version


def _told(version: int, present: Entry | None, flat: Mapping[str, str], name: str) -> str:
    """What the audit says of a configuration: which settings changed, never their values."""
    before = flat_config(name, present) if present else {}
    changed = sorted(key for key in {*before, *flat} if before.get(key) != flat.get(key))
    return f"version {version}: {', '.join(changed)}"[:1000] if present else f"version {version}"


def _bad(message: str) -> RestError:
    return RestError(HTTPStatus.BAD_REQUEST, message)
