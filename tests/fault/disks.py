"""disks - file systems of a test's own: one that is small, one that loses power. Both need a machine that lets them be mounted."""
import fcntl
import os
import pathlib
import struct
import subprocess
import tempfile

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
NO_LOG_FLUSH = 2  # what was not committed is gone


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Disk:
    """A file system that loses what was not made durable."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="memgate-disk-")
        self.image = pathlib.Path(self._folder.name) / "image"
        self.place = pathlib.Path(self._folder.name) / "mount"
        self.place.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(64 << 20)
        made = run("mkfs.ext4", "-q", "-F", str(self.image))
        if made.returncode != 0:
            raise OSError(made.stderr)

    def mount(self):
        done = run("mount", "-o", "loop", str(self.image), str(self.place))
        if done.returncode != 0:
            raise OSError(done.stderr)

    def unmount(self):
        run("umount", str(self.place))

    def cut(self):
        folder = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def close(self):
        self.unmount()
        self._folder.cleanup()


class Tmpfs:
    """A small disk of its own."""

    def __init__(self, size):
        self._folder = tempfile.TemporaryDirectory(prefix="memgate-tmpfs-")
        self.place = pathlib.Path(self._folder.name) / "mount"
        self.place.mkdir()
        done = run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.place))
        self.problem = done.stderr.strip() if done.returncode else None

    def close(self):
        run("umount", str(self.place))
        self._folder.cleanup()
