"""ledger - a state whose every version can be told from outside: transfers between accounts, one atomic batch each.

Step n moves an amount between two accounts and writes n beside them, so the sum over all accounts is the same in every version,
and whoever reads the ledger can compute from n alone what each account must hold.
"""
import json
import struct

from control import Control, control_pb2

ACCOUNTS = 40
START = 1000
COLLECTION = b"ledger"


def _amount(step):
    return step * 7 % 13 + 1


def _accounts(step):
    one = step % ACCOUNTS
    return one, (one + 1 + step // ACCOUNTS % (ACCOUNTS - 1)) % ACCOUNTS


def balances_after(step):
    """What the accounts hold after steps 1..step."""
    held = [START] * ACCOUNTS
    for number in range(1, step + 1):
        giver, taker = _accounts(number)
        held[giver] -= _amount(number)
        held[taker] += _amount(number)
    return held


def _document(identifier, value):
    body = b"\x02_id\0" + struct.pack("<i", len(identifier) + 1) + identifier + b"\0" + b"\x12value\0" + struct.pack("<q", value)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def value_of(body):
    """The number in such a document."""
    return struct.unpack("<q", body[-9:-1])[0]


def put(identifier, value, rev=0):
    """The operation that writes it; with a rev, only if that is still the document's."""
    op = control_pb2.state__pb2.Op
    return op(collection=COLLECTION, key=identifier, body=_document(identifier, value), condition=op.REV if rev else op.ANY, rev=rev)


class Ledger:
    """The writer's side: knows what was acknowledged, and what a dump has promised to keep."""

    def __init__(self):
        self.held = balances_after(0)
        self.acknowledged = 0  # steps that the server said it has
        self.promised = 0  # of them, those in an acknowledged dump

    def open(self, control):
        """The first batch: all accounts."""
        ops = [put(b"a%02d" % number, START) for number in range(ACCOUNTS)]
        reply = control.write(put(b"step", 0), *ops)
        assert reply.status == control_pb2.ControlReply.OK, reply.text

    def step(self, control):
        """One more transfer; raises when it was not acknowledged."""
        number = self.acknowledged + 1
        giver, taker = _accounts(number)
        held = list(self.held)
        held[giver] -= _amount(number)
        held[taker] += _amount(number)
        reply = control.write(put(b"a%02d" % giver, held[giver]), put(b"a%02d" % taker, held[taker]), put(b"step", number))
        if reply.status != control_pb2.ControlReply.OK:
            raise ConnectionError(reply.text)
        self.held, self.acknowledged = held, number

    def steps(self, server, count):
        with Control(server) as control:
            for _ in range(count):
                self.step(control)

    def read(self, server):
        """(step, accounts) as the server has them now."""
        done = server.cli("export", "--collection", COLLECTION.decode())
        assert done.returncode == 0, done.stderr
        values = {}
        for line in done.stdout.splitlines():
            document = json.loads(line)
            value = document["value"]
            values[document["_id"]] = int(value["$numberLong"]) if isinstance(value, dict) else value
        return values.pop("step"), [values[f"a{number:02d}"] for number in range(ACCOUNTS)]

    def check(self, server, at_least=None, at_most=None):
        """The server holds exactly one version, none older than what was promised; the ledger goes on from it."""
        step, held = self.read(server)
        low = self.promised if at_least is None else at_least
        high = self.acknowledged + 1 if at_most is None else at_most  # one more may have been on its way
        assert low <= step <= high, f"step {step} is not within {low}..{high}: an acknowledged dump is lost"
        assert held == balances_after(step), f"the accounts are not those of step {step}: {held}"
        assert sum(held) == START * ACCOUNTS
        self.held, self.acknowledged, self.promised = held, step, step
        return step
