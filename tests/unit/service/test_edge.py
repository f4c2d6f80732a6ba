"""The outermost layer, in front of small applications made for the purpose."""

import asyncio
import logging
import uuid

import pytest

from service.edge import LARGEST, Edge


def _run(app, *, headers=(), messages=None, path="/x", version="v1", kind="http"):
    sent = []
    whole = [{"type": "http.request", "body": b"", "more_body": False}]
    pending = whole if messages is None else messages

    async def receive():
        return pending.pop(0) if pending else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "method": "POST", "path": path, "query_string": b"", "headers": list(headers)}
    asyncio.run(Edge(app, version=lambda: version)(scope, receive, send))
    return sent


async def _echo(scope, receive, send):
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


def _headers(sent):
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_every_answer_is_stamped():
    headers = _headers(_run(_echo))
    assert headers["cache-control"] == "no-store"
    assert headers["x-model-version"] == "v1"
    assert uuid.UUID(headers["x-request-id"])


def test_without_a_bundle_there_is_no_version_to_tell():
    assert "x-model-version" not in _headers(_run(_echo, version=None))


def test_a_callers_uuid_is_kept_and_anything_else_replaced():
    given = str(uuid.uuid4())
    assert _headers(_run(_echo, headers=[(b"x-request-id", given.encode())]))["x-request-id"] == given
    assert _headers(_run(_echo, headers=[(b"x-request-id", b"0101010000")]))["x-request-id"] != "0101010000"


def test_a_hooks_request_has_an_id_of_ours_alone():
    """A card is known by it: the client's own could stand for two."""
    given = str(uuid.uuid4())
    headers = [(b"x-request-id", given.encode())]
    told = _headers(_run(_echo, headers=headers, path="/cds-services/x"))["x-request-id"]
    assert uuid.UUID(told)
    assert told != given


def test_a_body_in_pieces_arrives_whole():
    pieces = [{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.request", "body": b"c"}]
    assert _run(_echo, messages=pieces)[1]["body"] == b"abc"


@pytest.mark.parametrize("size, status", [(LARGEST, 200), (LARGEST + 1, 413)])
def test_the_limit_is_exact(size, status):
    assert _run(_echo, messages=[{"type": "http.request", "body": b"x" * size}])[0]["status"] == status


def test_an_endless_body_is_left_unread():
    endless = [{"type": "http.request", "body": b"x" * 1024, "more_body": True}] * 1000
    sent = _run(_echo, messages=endless)
    assert sent[0]["status"] == 413
    assert _headers(sent)["connection"] == "close"
    assert len(endless) == 1000 - 65  # the piece that is one too many, and none after it


def test_a_body_announced_too_large_is_not_read_at_all():
    pieces = [{"type": "http.request", "body": b"x", "more_body": True}]
    assert _run(_echo, messages=pieces, headers=[(b"content-length", b"65537")])[0]["status"] == 413
    assert len(pieces) == 1


def test_a_body_that_does_not_come_is_waited_for_so_long_and_no_longer(monkeypatch):
    monkeypatch.setattr("service.edge.BODY_SECONDS", 0.05)
    called, sent, first = [], [], [{"type": "http.request", "body": b"x", "more_body": True}]

    async def app(scope, receive, send):
        called.append(await receive())

    async def receive():
        return first.pop() if first else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": []}
    asyncio.run(asyncio.wait_for(Edge(app, version=lambda: None)(scope, receive, send), 5))
    assert sent[0]["status"] == 408
    assert _headers(sent)["connection"] == "close"
    assert _headers(sent)["content-type"] == "application/problem+json"
    assert called == []


def test_an_answer_may_take_longer_than_a_body(monkeypatch):
    monkeypatch.setattr("service.edge.BODY_SECONDS", 0.01)

    async def slow(scope, receive, send):
        await asyncio.sleep(0.05)
        await _echo(scope, receive, send)

    assert _run(slow)[0]["status"] == 200


@pytest.mark.parametrize("before", [[], [{"type": "http.request", "body": b'{"patient', "more_body": True}]])
def test_a_caller_who_hangs_up_while_sending_reaches_nothing(before, caplog):
    caplog.set_level(logging.INFO, "service")
    called = []

    async def app(scope, receive, send):
        called.append(scope)

    assert _run(app, messages=[*before, {"type": "http.disconnect"}]) == []
    assert called == []
    assert "POST - -" in caplog.text


def test_an_application_may_wait_for_the_caller_to_hang_up():
    async def waits(scope, receive, send):
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"
        await _echo(scope, lambda: _once(b"done"), send)

    async def _once(body):
        return {"body": body}

    assert _run(waits)[1]["body"] == b"done"


def test_a_failure_becomes_a_500_that_tells_nothing(caplog):
    async def fails(scope, receive, send):
        raise ValueError("MARK0101010000")

    sent = _run(fails)
    assert sent[0]["status"] == 500
    assert b"MARK" not in sent[1]["body"]
    assert "MARK" not in caplog.text
    assert "ValueError at test_edge.py" in caplog.text


def test_a_failure_in_the_middle_of_an_answer_sends_no_second_one(caplog):
    async def breaks_off(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("MARK")

    sent = _run(breaks_off)
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert "ValueError" in caplog.text


def test_the_log_line_holds_the_template_never_the_path(caplog):
    caplog.set_level(logging.INFO, "service")
    _run(_echo, path="/people/0101010000")
    assert "0101010000" not in caplog.text
    assert "POST - 200" in caplog.text


def test_what_is_not_http_passes_through():
    seen = []

    async def lifespan(scope, receive, send):
        seen.append(scope["type"])

    assert _run(lifespan, kind="lifespan") == []
    assert seen == ["lifespan"]


def test_large_bodies_of_hooks_are_held_a_few_at_a_time_and_small_ones_do_not_wait(monkeypatch):
    monkeypatch.setattr("service.edge.LARGE_AT_ONCE", 2)
    held, most = [], []

    async def app(scope, receive, send):
        held.append(scope)
        most.append(len(held))
        await asyncio.sleep(0.01)
        held.remove(scope)
        await _echo(scope, receive, send)

    async def asked(edge, size, path):
        async def receive():
            return {"type": "http.request", "body": b"x" * size, "more_body": False}

        async def send(message):
            pass

        headers = [(b"content-length", str(size).encode())]
        await edge({"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}, receive,
                   send)  # fmt: skip

    async def all_at_once(size, path):
        edge = Edge(app, version=lambda: "v1")
        await asyncio.gather(*(asked(edge, size, path) for _ in range(6)))
        return max(most)

    assert asyncio.run(all_at_once(LARGEST + 1, "/cds-services/x")) == 2
    assert asyncio.run(all_at_once(LARGEST, "/cds-services/x")) == 6
