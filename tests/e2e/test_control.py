"""The control socket as ops tools use it: REQ and DEALER peers, batches with preconditions, export, events, bad bytes."""
import json
import time
import unittest

import zmq
from control import Control, control_pb2, event_pb2
from server import Server, onboard, wait_for


def bson(identity, balance):
    """A BSON document {"_id": text, "balance": int64}, made by hand."""
    text = identity.encode() + b"\0"
    body = b"\x02_id\0" + len(text).to_bytes(4, "little") + text + b"\x12balance\0" + balance.to_bytes(8, "little", signed=True)
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"


def put(identity, balance, **more):
    Op = control_pb2.state__pb2.Op
    return Op(kind=Op.PUT, collection=b"accounts", key=identity.encode(), body=bson(identity, balance), **more)


def request(**body):
    return control_pb2.ControlRequest(id=7, requester="test", **body)


class ControlSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_req_and_dealer_peers_are_both_served(self):
        for kind in (zmq.REQ, zmq.DEALER):
            with Control(self.server, kind) as control:
                reply = control.ask(request(status=control_pb2.ControlStatus()))
                self.assertEqual((reply.status, reply.id, reply.info.ready), (0, 7, True))
                self.assertEqual(reply.info.pid, self.server.process.pid)

    def test_dealer_with_an_empty_delimiter_gets_one_back(self):
        with Control(self.server, zmq.DEALER) as control:
            control.socket.send_multipart([b"", request(list=control_pb2.ControlList()).SerializeToString()])
            self.assertEqual(control.socket.recv_multipart()[0], b"")

    def test_batch_applies_whole_or_not_at_all(self):
        Op = control_pb2.state__pb2.Op
        with Control(self.server) as control:
            first = control.write(put("a", 100), put("b", 100))
            self.assertEqual(first.status, 0)
            rev = first.written.version
            moved = control.write(put("a", 90, condition=Op.REV, rev=rev), put("b", 110, condition=Op.REV, rev=rev))
            self.assertEqual(moved.status, 0)
            again = control.write(put("a", 0), put("b", 200, condition=Op.REV, rev=rev))
            self.assertEqual(again.status, control_pb2.ControlReply.CONFLICT)
            self.assertEqual(again.written.failed_at, 1)
            read = control.ask(request(read=control_pb2.ControlRead(collection=b"accounts", key=b"a")))
            self.assertEqual(read.document.body, bson("a", 90))
            self.assertEqual(read.document.rev, moved.written.version)
            self.assertEqual(control.write(put("a", 1, condition=Op.ABSENT)).status, control_pb2.ControlReply.EXISTS)

    def test_what_cannot_be_stored_is_refused(self):
        Op = control_pb2.state__pb2.Op
        with Control(self.server) as control:
            for body in (b"", b"\x05\0\0\0", bson("x", 1)[:-1], b"\xff" * 40):
                reply = control.write(Op(collection=b"accounts", key=b"x", body=body))
                self.assertEqual(reply.status, control_pb2.ControlReply.INVALID, body)
                self.assertIn("Operation 0", reply.text)
            no_name = control.write(Op(key=b"x", body=bson("x", 1)))
            self.assertEqual(no_name.status, control_pb2.ControlReply.INVALID)
            missing = control.ask(request(read=control_pb2.ControlRead(collection=b"accounts", key=b"x")))
            self.assertEqual(missing.status, control_pb2.ControlReply.NOT_FOUND)

    def test_bytes_that_are_no_request_get_a_reply(self):
        with Control(self.server) as control:
            for junk in (b"\xff" * 10, b"", b"\x00"):
                control.socket.send(junk)
                self.assertEqual(control.receive().status, control_pb2.ControlReply.INVALID)
        with Control(self.server, zmq.DEALER) as control:
            control.socket.send_multipart([b"a", b"b", b"c"])
            self.assertEqual(control.receive().status, control_pb2.ControlReply.INVALID)

    def test_message_above_the_limit_ends_the_connection_and_nothing_else(self):
        with Control(self.server, zmq.DEALER) as big, Control(self.server) as other:
            monitor = big.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            big.socket.send(bytes((32 << 20) + 8192))
            hung_up = monitor.poll(30000)
            big.socket.disable_monitor()
            monitor.close(linger=0)
            self.assertTrue(hung_up, "the server ends the connection")
            self.assertEqual(other.ask(request(status=control_pb2.ControlStatus())).status, 0)
            self.assertEqual(big.ask(request(status=control_pb2.ControlStatus())).status, 0)  # ZeroMQ has connected anew

    def test_autosave_beyond_a_year_is_refused(self):
        with Control(self.server) as control:
            reply = control.ask(request(autosave=control_pb2.ControlAutosave(set=True, enabled=True, every_seconds=2**31)))
            self.assertEqual(reply.status, control_pb2.ControlReply.INVALID)
            self.assertIn("31536000", reply.text)

    def test_peer_that_leaves_harms_nobody(self):
        for _ in range(20):
            with Control(self.server, zmq.DEALER) as control:
                control.send(request(dump=control_pb2.ControlDump()))
        with Control(self.server) as control:
            self.assertEqual(control.ask(request(status=control_pb2.ControlStatus())).status, 0)

    def test_export_pages_are_one_consistent_view(self):
        with Control(self.server) as control:
            control.write(*[put(f"p{i:04d}", 1) for i in range(500)])
            page = control.ask(request(export=control_pb2.ControlExport(collection=b"accounts", max_bytes=1000))).page
            self.assertFalse(page.end)
            seen = list(page.documents)
            control.write(*[put(f"p{i:04d}", 2) for i in range(500)])
            while not page.end:
                page = control.ask(request(export=control_pb2.ControlExport(session=page.session, max_bytes=1000))).page
                seen += page.documents
            pages = [d for d in seen if d.key.startswith(b"p")]
            self.assertEqual([d.key for d in pages], [b"p%04d" % i for i in range(500)])
            self.assertTrue(all(d.body == bson(d.key.decode(), 1) for d in pages))
            ended = control.ask(request(export=control_pb2.ControlExport(session=page.session)))
            self.assertEqual(ended.status, control_pb2.ControlReply.NOT_FOUND)

    def test_exports_of_peers_that_left_give_way(self):
        with Control(self.server) as control:
            control.write(*[put(f"y{i:04d}", 1) for i in range(300)])
        for _ in range(8):
            with Control(self.server) as control:
                control.ask(request(export=control_pb2.ControlExport(collection=b"accounts", max_bytes=100)))
        wait_for(lambda: self.server.cli("export", "--collection", "accounts").returncode == 0, "a free export", 10)

    def test_events_are_streamed(self):
        with Control(self.server) as control:
            events = control.subscribe()
            names = []
            control.write(put("event", 1))
            while "dump_done" not in names:  # a subscription takes effect when it does: ask until it has
                self.assertEqual(control.ask(request(dump=control_pb2.ControlDump())).status, 0)
                while events.poll(200):
                    name, body = events.recv_multipart()
                    names.append(name.decode())
                    event = event_pb2.Event.FromString(body)
                    self.assertEqual(event.WhichOneof("body"), names[-1])
                    if names[-1] == "dump_done":
                        self.assertTrue(event.dump_done.path.endswith(".bin"))
            events.close()

    def test_import_names_the_bad_line(self):
        lines = '{"_id": "l1"}\n{"_id": "l2"}\n{"_id": "l3", }\n'
        done = self.server.cli("import", "--collection", "lines", "-", input=lines)
        self.assertEqual(done.returncode, 65)
        self.assertIn("line 3", done.stderr)
        for bad in ('{"a": 1}', '{"_id": "x", "$a": 1}', '{"_id": "x", "_id": "y"}', "[1]", '{"_id": "\\ud800"}', '{"_id":"x"} trailing'):
            done = self.server.cli("import", "--collection", "lines", "-", input=bad + "\n")
            self.assertEqual(done.returncode, 65, (bad, done.stderr))
            self.assertIn("line 1", done.stderr)

    def test_export_and_import_lose_nothing(self):
        rich = ('{"_id":"rich","n":9007199254740993,"i":{"$numberInt":"7"},"d":1.0,"inf":{"$numberDouble":"Infinity"},'
                '"t":"\\u0000 é 🦄","date":{"$date":{"$numberLong":"-1"}},"bin":{"$binary":{"base64":"AAEC","subType":"00"}},'
                '"oid":{"$oid":"0123456789abcdef01234567"},"dec":{"$numberDecimal":"1.10"},"list":[1,[true,null],{"k":{}}],'
                '"form":{"$literal":{"$numberInt":"5"}}}')
        done = self.server.cli("import", "--collection", "rich", "-", input=rich + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        exported = self.server.cli("export", "--collection", "rich").stdout
        self.assertEqual(json.loads(exported), json.loads(rich))
        self.assertEqual(list(json.loads(exported)), list(json.loads(rich)))

    def test_object_that_looks_like_a_form_stays_what_it_is(self):
        attributes = {"limits": {"$numberInt": "5"}}
        user = {"username": "form", "email": "form@example.test", "password": "Str0ng!Passw0rd-form", "role": "admin",
                "groups": ["ALL"], "custom_attributes": attributes}
        self.assertEqual(self.server.http("POST", "/platform/user", user)[0], 201)
        lines = self.server.cli("export").stdout
        self.assertIn('{"$literal":{"$numberInt":"5"}}', lines)
        with Server() as other:
            other.start()
            self.assertEqual(other.cli("import", "-", input=lines).returncode, 0)
            self.assertEqual(other.http("GET", "/platform/user/form")[1]["custom_attributes"], attributes)

    def test_whole_state_comes_back_with_expiry_odd_keys_and_odd_bson(self):
        Op = control_pb2.state__pb2.Op
        twice = b"\x13\0\0\0\x10a\0\1\0\0\0\x10a\0\2\0\0\0\0"  # {"a": 1, "a": 2}
        with Server() as one, Server() as other:
            one.start()
            onboard(one)
            with Control(one) as control:
                soon = time.time_ns() + 3600 * 10**9
                odd = Op(collection=b"odd", key=b"k\xff\0", body=twice)
                self.assertEqual(control.write(put("a", 1, expires_ns=soon), put("b", 2), odd).status, 0)
            digest = one.digest()
            everything = one.cli("export").stdout
            accounts = one.cli("export", "--collection", "accounts").stdout
            self.assertEqual([json.loads(line) for line in accounts.splitlines()], [
                {"$key": "a", "$document": {"_id": "a", "balance": 1}, "$expires_ns": soon}, {"_id": "b", "balance": 2}])
            self.assertEqual(one.stop(), 0)
            one.start()
            self.assertEqual(one.digest(), digest)
            other.start()
            done = other.cli("import", "-", input=everything)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(other.digest(), digest)
            self.assertEqual(other.cli("export").stdout, everything)
            with Control(other) as control:
                control.write(Op(kind=Op.DELETE, collection=b"accounts", key=b"a"))
                self.assertEqual(other.cli("import", "--collection", "accounts", "-", input=accounts).returncode, 0)
            self.assertEqual(other.digest(), digest)


if __name__ == "__main__":
    unittest.main()
