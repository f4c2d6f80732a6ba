"""A real server and callers who announce what they never send, or come in too great numbers."""

import asyncio
import socket
import threading
import time
from types import SimpleNamespace

import pytest
import uvicorn

from service.edge import Edge
from service.run import MOST_CONNECTIONS, server_config

SLOW = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nx"
WHOLE = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"


async def _works(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def server(monkeypatch, request):
    monkeypatch.setattr("service.edge.BODY_SECONDS", 0.5)
    monkeypatch.setattr("service.run.MOST_CONNECTIONS", getattr(request, "param", 512))
    config = server_config(Edge(_works, version=lambda: None))
    config.lifespan = "off"
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(running.serve([listening])), daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.01)
        yield SimpleNamespace(address=listening.getsockname(), opened=[])
        running.should_exit = running.force_exit = True
        thread.join(10)


def _send(server, content):
    caller = socket.create_connection(server.address, timeout=10)
    caller.sendall(content)
    return caller


def _until_closed(caller):
    with caller:
        return b"".join(iter(lambda: caller.recv(65536), b""))


def test_callers_who_send_one_byte_are_answered_let_go_of_and_block_nobody_for_long(server):
    slow = [_send(server, SLOW) for _ in range(20)]
    assert _until_closed(_send(server, WHOLE)).startswith(b"HTTP/1.1 200")  # meanwhile
    for answer in map(_until_closed, slow):
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in answer.lower()
        assert b"did not arrive in time" in answer


@pytest.mark.parametrize("server", [1], indirect=True)  # each caller is then one too many
def test_more_callers_than_can_be_served_at_once_are_turned_away(server):
    assert _until_closed(_send(server, WHOLE)).startswith(b"HTTP/1.1 503")


def test_the_number_of_connections_is_bounded():
    assert server_config(_works).limit_concurrency == MOST_CONNECTIONS == 512
