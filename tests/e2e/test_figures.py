"""/metrics: well formed, and the counters that say what things cost - messages, copies, views - instead of a clock."""
import json
import re
import time
import unittest

from control import Control, state_pb2
from server import API, Server, wait_for

SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? (\S+)')


def figures(server):
    """All samples by name and labels; every line is looked at."""
    status, text = server.http("GET", "/metrics", token=None)
    assert status == 200, text
    samples, families = {}, {}
    for line in text.splitlines():
        if line.startswith("# "):
            _, kind, name, words = line.split(" ", 3)
            assert (kind, name) not in families, line
            families[kind, name] = words
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        family = re.sub("_(bucket|sum|count)$", "", name) if ("TYPE", name) not in families else name
        assert ("TYPE", family) in families and ("HELP", family) in families, line
        assert (name, labels) not in samples, line
        samples[name, labels] = float(value)
    return samples, families


def put(number):
    return state_pb2.Op(kind=state_pb2.Op.PUT, collection=b"things", key=b"k%d" % number, body=b"\x05\0\0\0\0")


class Figures(unittest.TestCase):
    def test_histograms_are_cumulative_and_complete(self):
        with Server() as server:
            server.start()
            server.cli_json("dump", "--json")
            samples, families = figures(server)
            names = {name for (kind, name), words in families.items() if kind == "TYPE" and words == "histogram"}
            self.assertEqual(names, {"memgate_http_request_seconds", "memgate_loop_turn_seconds", "memgate_view_open_seconds",
                                     "memgate_state_batch_seconds", "memgate_dump_phase_seconds"})
            series = {}
            for (name, labels), value in samples.items():
                if name.endswith("_bucket"):
                    rest, bound = re.fullmatch(r'(.*?),?le="([^"]+)"', labels).groups()
                    series.setdefault((name[:-7], rest or None), []).append((float(bound), value))
            for (name, labels), buckets in series.items():
                self.assertEqual(buckets, sorted(buckets), name)
                self.assertEqual([n for _, n in buckets], sorted(n for _, n in buckets), name)
                self.assertEqual(buckets[-1], (float("inf"), samples[name + "_count", labels]))
                self.assertGreaterEqual(samples[name + "_sum", labels], 0)
            for phase in ("walk", "seal", "write", "sync", "verify", "publish"):
                self.assertEqual(samples["memgate_dump_phase_seconds_count", f'phase="{phase}"'], 1)
                self.assertGreater(samples["memgate_dump_phase_seconds_sum", f'phase="{phase}"'], 0)
            for actor in ("gateway", "state"):
                self.assertGreater(samples["memgate_loop_turn_seconds_count", f'actor="{actor}"'], 0)

    def test_writes_without_a_view_and_dumps_copy_nothing(self):
        def copied(server):
            return figures(server)[0]["memgate_state_nodes_copied_total", None]

        with Server() as server, Control(server) as control:
            server.start()
            for number in range(500):
                control.write(put(number))
            wait_for(lambda: figures(server)[0]["memgate_state_views", None] == 0, "the gateway to give its view back")
            begin = copied(server)
            for number in range(500):
                control.write(put(number))
            self.assertEqual(copied(server), begin, "writes that no view can see copied nodes")
            for _ in range(3):
                server.cli_json("dump", "--json")
            self.assertEqual(copied(server), begin, "dumps of an unchanged state copied nodes")

    def test_a_page_costs_the_same_at_any_depth(self):
        """100,000 APIs: what page 1, page 5,000 and the last one look at, by counting nodes."""
        with Server() as server:
            server.start()
            lines = (json.dumps({**API, "api_name": f"api-{number:06}", "api_id": f"id-{number}"}) for number in range(100000))
            done = server.cli("import", "--collection", "apis", "-", input="\n".join(lines))
            self.assertEqual(done.returncode, 0, done.stderr)
            costs, took = {}, {}
            server.http("GET", "/platform/user/me")  # the login is not part of the first page
            for page in (1, 2, 100, 5000, 9999, 10000):
                before = figures(server)[0]["memgate_list_nodes_total", None]
                begun = time.monotonic()
                status, answer = server.http("GET", f"/platform/api?page={page}&page_size=10")
                took[page] = round((time.monotonic() - begun) * 1000, 2)
                self.assertEqual((status, answer["total"], answer["has_next"]), (200, 100000, page < 10000))
                self.assertEqual([api["api_name"] for api in answer["apis"]], [f"api-{number:06}" for number in range(page * 10 - 10, page * 10)])
                costs[page] = figures(server)[0]["memgate_list_nodes_total", None] - before
            print("nodes looked at, by page:", costs, "ms, by page:", took)
            self.assertGreater(min(costs.values()), 2)
            self.assertLess(max(costs.values()), 200, costs)  # a few rows of children; a walk would look at hundreds of leaves

    def test_a_read_sends_no_message(self):
        with Server() as server:
            server.start()
            self.assertEqual(server.http("POST", "/platform/api", API)[0], 201)
            server.http("GET", "/platform/api/orders/v1")
            before, began = figures(server)[0], time.monotonic()
            for _ in range(300):
                self.assertEqual(server.http("GET", "/platform/api/orders/v1")[0], 200)
            after, took = figures(server)[0], time.monotonic() - began
            views = "memgate_view_open_seconds_count", None
            turns = "memgate_loop_turn_seconds_count", 'actor="state"'
            # A view that rests for a second is given back and opened again; /metrics itself asks once.
            self.assertLessEqual(after[views] - before[views], 1 + took)
            self.assertLessEqual(after[turns] - before[turns], 5 + 3 * took)


if __name__ == "__main__":
    unittest.main()
