"""What the fault tests share leaves nothing behind."""
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent


class Support(unittest.TestCase):
    def test_libraries_are_built_once_and_gone_when_the_tests_end(self):
        program = "import faults, os; one = faults.preload('no_lock'); assert one == faults.preload('no_lock') and os.path.exists(one); print(one)"
        done = subprocess.run([sys.executable, "-B", "-W", "error", "-c", program], cwd=HERE, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        library = pathlib.Path(done.stdout.strip())
        self.assertEqual(library.suffix, ".so")
        self.assertFalse(library.exists())
        self.assertFalse(library.parent.exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
