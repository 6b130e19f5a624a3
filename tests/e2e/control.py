"""control - a control client in another language: ZeroMQ and protobuf, made from the shipped .proto files."""
import importlib
import pathlib
import subprocess
import sys
import tempfile

import zmq

MESSAGES = pathlib.Path(__file__).resolve().parents[2] / "messages"


def load_protocol():
    """Compiles messages/control.proto for Python and imports it."""
    folder = tempfile.mkdtemp(prefix="memgate-proto-")
    names = ["control", "dump", "state", "event", "histogram"]
    subprocess.run(
        ["protoc", f"--proto_path={MESSAGES}", f"--python_out={folder}", *[str(MESSAGES / f"{n}.proto") for n in names]], check=True
    )
    sys.path.insert(0, folder)
    return [importlib.import_module(name + "_pb2") for name in ("control", "event", "state")]


control_pb2, event_pb2, state_pb2 = load_protocol()


class Control:
    """One peer of the control socket; kind is zmq.REQ or zmq.DEALER."""

    def __init__(self, server, kind=zmq.REQ):
        self.endpoint = f"ipc://{server.run_folder}/memgate/{server.port}.sock"
        self.context = zmq.Context()
        self.socket = self.context.socket(kind)
        self.socket.linger = 0
        self.socket.rcvtimeo = 60000
        self.socket.connect(self.endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.context.term()

    def send(self, request):
        """A message, or one that is packed already."""
        self.socket.send(request if isinstance(request, bytes) else request.SerializeToString())

    def receive(self):
        return control_pb2.ControlReply.FromString(self.socket.recv())

    def ask(self, request):
        self.send(request)
        return self.receive()

    def write(self, *ops):
        return self.ask(control_pb2.ControlRequest(write=control_pb2.ControlWrite(ops=ops)))

    def subscribe(self):
        events = self.context.socket(zmq.SUB)
        events.linger = 0
        events.rcvtimeo = 60000
        events.connect(self.endpoint + ".events")
        events.subscribe(b"")
        return events
