"""The power goes right after a dump was acknowledged: ext4 on a loop device, cut off by its own shutdown ioctl."""
import unittest

from disks import Disk
from faults import Control, Ledger, Server, check_folder, preload, report, share

CUTS = 50


def disk_or_reason():
    """A mounted disk that has survived a trial cut, or why this machine has none."""
    disk = None
    try:
        disk = Disk()
        disk.mount()
        disk.cut()
        disk.unmount()
        disk.mount()
        return disk, None
    except OSError as error:
        if disk:
            disk.close()
        return None, str(error).strip()


class PowerCut(unittest.TestCase):
    def setUp(self):
        self.disk, reason = disk_or_reason()
        if not self.disk:
            self.skipTest(f"NO POWER CUTS HERE: this machine allows no ext4 on a loop device with the shutdown ioctl ({reason})")
        self.addCleanup(self.disk.close)
        self.server = Server(MEM_DUMP_KEEP="3", MEM_DUMP_PATH=str(self.disk.place / "dumps" / "memory_dump.bin"))
        self.server.dumps = self.disk.place / "dumps"
        self.addCleanup(self.server.close)
        self.ledger = Ledger()

    def begin(self, **environment):
        self.server.start(**environment)
        with Control(self.server) as control:
            self.ledger.open(control)
        self.server.cli_json("dump", "--json")

    def cut_after_a_dump(self, **environment):
        self.ledger.steps(self.server, 2)
        self.server.cli_json("dump", "--json")
        self.ledger.promised = self.ledger.acknowledged
        self.ledger.steps(self.server, 1)
        self.disk.cut()
        self.server.kill()
        self.disk.unmount()
        self.disk.mount()
        self.server.start(**environment)

    def test_an_acknowledged_dump_is_there_after_the_cut(self):
        self.begin()
        for _ in range(share(CUTS)):
            self.cut_after_a_dump()
            self.ledger.check(self.server)
            check_folder(self.server)
        self.assertEqual(self.server.stop(), 0)
        report("power cuts", share(CUTS))

    def test_without_the_sync_of_the_folder_a_dump_is_lost(self):
        """The control run."""
        library = preload("no_folder_sync")
        self.begin(LD_PRELOAD=library)
        with self.assertRaises(AssertionError):
            for _ in range(5):
                self.cut_after_a_dump(LD_PRELOAD=library)
                self.ledger.check(self.server)


if __name__ == "__main__":
    unittest.main(verbosity=2)
