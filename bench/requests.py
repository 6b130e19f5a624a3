"""requests - one document over HTTP: read and written by 64 clients, beside the bare library (one prepared answer, and a table in its
own thread) and beside webdis with redis.

The reads carry a token and get every header that memgate sends; the bare server sends the same headers and bytes.
"""
import argparse
import http.client
import pathlib
import sys
import tempfile

from figures import ROUNDS, Bars, Process, Redis, build, free_port, needs, webdis, wrk
from server import API, Server

SKIPPED = {"content-length", "date", "connection"}  # the library's own
PATH = "/platform/api/orders/v1"


def sample(server):
    """Headers and body of one read, as files for the bare server."""
    status, _ = server.http("GET", PATH)
    assert status == 200
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", PATH, headers={"Authorization": "Bearer " + server.token})
    answer = connection.getresponse()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-http-"))
    (folder / "body").write_bytes(answer.read())
    (folder / "headers").write_text("".join(f"{n}: {v}\n" for n, v in answer.getheaders() if n.lower() not in SKIPPED))
    (folder / "paths").write_text("".join(f"/platform/api/orders/v{number}\n" for number in range(1, 10001)))
    return folder


def bare(folder, *files):
    """A server of hello.c."""
    port = free_port()
    return Process([str(part) for part in (build("hello.c", "-lmicrohttpd"), port, folder / "headers", folder / "body", *files)], port)


def script(folder, name, method, body):
    path = folder / name
    path.write_text(f'wrk.method = "{method}"\nwrk.body = [==[{body}]==]\nwrk.headers["Content-Type"] = "application/json"\n')
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="*", default=[64, 32])
    options = parser.parse_args()
    needs("wrk", "redis-server", "webdis")
    bars = Bars()
    with Server() as server, Redis() as redis, webdis(redis) as web:
        server.start()
        assert server.http("POST", "/platform/api", API)[0] == 201
        token = "Authorization: Bearer " + server.login()
        folder = sample(server)
        body = (folder / "body").read_bytes()
        redis.cli("-x", "SET", "orders", stdin=body)
        change = script(folder, "change.lua", "PUT", '{"api_description":"' + "x" * 100 + '"}')
        store = script(folder, "store.lua", "PUT", "x" * len(body))
        with bare(folder) as hello, bare(folder, folder / "paths") as table:
            takes = {
                "hello": lambda c: wrk(hello.port, PATH, c, options.seconds),
                "table": lambda c: wrk(table.port, PATH, c, options.seconds),
                "get": lambda c: wrk(server.port, PATH, c, options.seconds, [token]),
                "live": lambda c: wrk(server.port, "/platform/monitor/liveness", c, options.seconds),
                "webdis": lambda c: wrk(web.port, "/GET/orders", c, options.seconds),
                "put": lambda c: wrk(server.port, PATH, c, options.seconds, [token], change),
                "webdis put": lambda c: wrk(web.port, "/SET/orders", c, options.seconds, script=store),
            }
            for connections in options.connections:
                figures = {name: [] for name in takes}
                for _ in range(options.rounds):
                    for name, take in takes.items():
                        figures[name].append(take(connections))
                what = f"{connections} connections"
                bars.add(f"GET one document, authenticated, {what} : bare library", figures["get"], figures["hello"], 0.70, unit="/s")
                bars.add(f"GET one document, authenticated, {what} : table in the library's thread", figures["get"], figures["table"], None, unit="/s")
                bars.add(f"GET one document, {what} : webdis GET", figures["get"], figures["webdis"], 1.3, unit="/s")
                bars.add(f"PUT one document, {what} : webdis SET", figures["put"], figures["webdis put"], 0.8, unit="/s")
                bars.add(f"liveness, {what} : bare library", figures["live"], figures["hello"], 0.70, unit="/s")
    return 0 if bars.show() else 1


if __name__ == "__main__":
    sys.exit(main())
