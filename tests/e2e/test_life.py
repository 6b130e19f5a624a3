"""From onboarding to the last dump: what an operator does by hand, with real signals."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import time
import unittest

from server import API, USER, Server, onboard, wait_for


class Life(unittest.TestCase):
    def check_onboarded(self, server):
        self.assertEqual(server.http("GET", "/platform/user/ann")[0], 200)
        self.assertEqual(server.http("GET", "/platform/api/orders/v1")[0], 200)
        self.assertTrue(server.login(USER["email"], USER["password"]))

    def test_dumps_give_way_to_requests_while_requests_are_served(self):
        """Where requests wait for a dump or a restore, idle sealers would make them wait for ever on a busy machine."""

        def worked(server):
            """Processor time of the sealers, by their priority."""
            ticks = {os.SCHED_IDLE: 0, os.SCHED_OTHER: 0}
            for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
                if (task / "comm").read_text() == "mg-sealer\n":
                    ticks[os.sched_getscheduler(int(task.name))] += int((task / "schedstat").read_text().split()[0])
            return ticks

        with Server() as server:
            server.start()
            server.cli("import", "--collection", "things", "-", input="".join(f'{{"_id":{n},"x":"{"y" * 900}"}}\n' for n in range(20000)))
            server.cli_json("dump", "--json")
            after_dump = worked(server)
            self.assertGreater(after_dump[os.SCHED_IDLE], 2 * after_dump[os.SCHED_OTHER])
            self.assertEqual(server.stop(), 0)
            server.start()
            after_start = worked(server)
            self.assertGreater(after_start[os.SCHED_OTHER], 2 * after_start[os.SCHED_IDLE])
            self.assertEqual(server.http("POST", "/platform/memory/restore", {})[0], 200)
            grew = {policy: ticks - after_start[policy] for policy, ticks in worked(server).items()}
            self.assertGreater(grew[os.SCHED_OTHER], grew[os.SCHED_IDLE] / 20, "writes are refused until the pre-restore dump is there")

    def test_sigusr1_dumps_and_a_crash_loses_nothing_that_was_dumped(self):
        with Server() as server:
            server.start()
            onboard(server)
            before = server.dump_files()
            server.send_signal(signal.SIGUSR1)
            new = wait_for(lambda: [f for f in server.dump_files() if f not in before], "a new dump", 10)
            self.assertEqual(stat.S_IMODE(os.stat(new[-1]).st_mode), 0o600)
            self.assertRegex(new[-1].name, r"^memory_dump-\d{8}T\d{6}\.\d{3}Z-\d{10}\.bin$")
            digest = server.digest()
            server.wait_log(r"signal pid=\d+ uid=\d+")
            server.kill()
            server.start()
            self.assertIn(f"restored from dump {new[-1]}", server.log())
            self.assertEqual(server.digest(), digest)
            self.check_onboarded(server)
            self.assertEqual(server.stop(), 0)

    def test_a_lost_terminal_ends_with_a_dump_unless_it_was_to_be_survived(self):
        with Server() as server:
            server.start()
            onboard(server)
            digest = server.digest()
            self.assertEqual(server.stop(signal.SIGHUP), 0)
            ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does for its child
            try:
                server.start()
            finally:
                signal.signal(signal.SIGHUP, ignored)
            self.assertEqual(server.digest(), digest)
            server.send_signal(signal.SIGHUP)
            server.send_signal(signal.SIGUSR2)
            self.assertEqual(server.digest(), digest)
            self.assertEqual(server.stop(), 0)

    def test_sigterm_writes_the_last_acknowledged_write(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), Server() as server:
                server.start()
                onboard(server)
                digest = server.digest()
                self.assertEqual(server.stop(number), 0)
                self.assertEqual(len(server.dump_files()), 1)
                server.start()
                self.assertEqual(server.digest(), digest)
                self.check_onboarded(server)
                restored = server.cli_json("status", "--json")["restored"]
                self.assertEqual(restored["trigger"], number.name)
                self.assertIn("signal pid=", restored["requester"])

    def test_sigquit_leaves_without_a_dump(self):
        with Server() as server:
            server.start()
            self.assertEqual(server.stop(signal.SIGQUIT), 0)
            self.assertEqual(server.dump_files(), [])

    def test_shutdown_by_control_dumps_too(self):
        with Server() as server:
            server.start()
            self.assertEqual(server.cli("shutdown").returncode, 0)
            self.assertEqual(server.process.wait(30), 0)
            self.assertEqual(len(server.dump_files()), 1)

    def test_storm_of_signals_ends_in_one_good_final_dump(self):
        with Server() as server:
            server.start()
            onboard(server)
            for _ in range(50):
                server.send_signal(signal.SIGUSR1)
            for _ in range(5):
                server.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(60), 0)
            server.start()
            self.check_onboarded(server)

    def test_autosave_dumps_only_what_has_changed(self):
        with Server(MEM_AUTO_SAVE_ENABLED="true", MEM_AUTO_SAVE_FREQ="1") as server:
            server.start()
            onboard(server)
            wait_for(server.dump_files, "the first automatic dump", 15)
            status = wait_for(lambda: (s := server.cli_json("status", "--json"))["at_risk"]["changes"] == 0 and s, "all saved", 15)
            self.assertEqual(status["last_dump"]["trigger"], "autosave")
            count = len(server.dump_files())
            dump = server.cli_json("dump", "--json")  # an explicit request always writes
            self.assertEqual(len(server.dump_files()), count + 1)
            wait_for(lambda: server.cli_json("status", "--json")["uptime_seconds"] > status["uptime_seconds"] + 3, "three periods")
            self.assertEqual(server.cli_json("status", "--json")["last_dump"]["generation"], dump["generation"])

    def test_autosave_after_a_number_of_changes(self):
        with Server(MEM_AUTO_SAVE_ENABLED="true", MEM_AUTO_SAVE_FREQ="3600", MEM_AUTO_SAVE_CHANGES="10") as server:
            server.start()
            lines = "".join(json.dumps({"_id": f"d{i}"}) + "\n" for i in range(20))
            self.assertEqual(server.cli("import", "--collection", "things", "-", input=lines).returncode, 0)
            wait_for(server.dump_files, "a dump after ten changes", 15)

    def test_autosave_switches_at_once_over_http(self):
        with Server() as server:
            server.start()
            status, answer = server.http("PUT", "/platform/security/settings", {"enable_auto_save": True, "auto_save_frequency_seconds": 60})
            self.assertEqual(status, 200, answer)
            self.assertEqual(server.cli_json("autosave", "--json")["enabled"], True)
            self.assertEqual(server.cli_json("autosave", "--json")["every_seconds"], 60)
            self.assertEqual(server.http("PUT", "/platform/security/settings", {"auto_save_frequency_seconds": 59})[0], 422)
            self.assertEqual(server.stop(), 0)
            server.start()  # the restored settings hold
            self.assertEqual(server.cli_json("autosave", "--json")["enabled"], True)
            self.assertEqual(server.stop(), 0)
            since = len(server.log())
            server.start(MEM_AUTO_SAVE_ENABLED="false", MEM_AUTO_SAVE_FREQ="7")  # an explicit variable wins, and the log says so
            autosave = server.cli_json("autosave", "--json")
            self.assertEqual((autosave["enabled"], autosave["every_seconds"]), (False, 7))
            log = server.log()[since:]
            self.assertRegex(log, r"event=setting_overridden variable=MEM_AUTO_SAVE_ENABLED value=false restored=true msg=")
            self.assertRegex(log, r"event=setting_overridden variable=MEM_AUTO_SAVE_FREQ value=7 restored=60 msg=")
            self.assertEqual(log.count("setting_overridden"), 2)
            server.kill()
            since = len(server.log())
            server.start()  # nothing was dumped since: the restored settings hold again, and no variable overrides any
            autosave = server.cli_json("autosave", "--json")
            self.assertEqual((autosave["enabled"], autosave["every_seconds"]), (True, 60))
            self.assertNotIn("setting_overridden", server.log()[since:])

    def test_autosave_takes_any_whole_second_from_the_command_line(self):
        with Server() as server:
            server.start()
            for seconds in (1, 59, 31536000):
                self.assertEqual(server.cli_json("autosave", "on", "--every", seconds, "--json")["every_seconds"], seconds)
            self.assertEqual(server.cli_json("autosave", "off", "--json")["enabled"], False)
            self.assertEqual(server.cli_json("autosave", "--json")["every_seconds"], 31536000)

    def test_settings_never_move_the_folder(self):
        with Server() as server:
            server.start()
            server.http("PUT", "/platform/security/settings", {"dump_path": "elsewhere/"})
            server.stop()
            server.start()
            server.cli_json("dump", "--json")
            self.assertEqual({f.parent for f in server.folder.rglob("*.bin")}, {server.dumps})

    def test_tokens_survive_a_restart(self):
        with Server() as server:
            server.start()
            token = server.login()
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(server.http("GET", "/platform/authorization/status", token=token)[0], 200)

    def test_signals_before_ready_are_served_when_there_is_a_state(self):
        with Server() as server:
            server.start()
            onboard(server)
            digest = server.digest()
            server.stop()
            count = len(server.dump_files())
            for number in range(5):
                since = len(server.log())
                server.spawn()
                server.wait_log("event=starting", since)  # from here on signals are held for it
                for _ in range(20):
                    server.send_signal(signal.SIGUSR1)
                    time.sleep(0.0005 * number)
                wait_for(lambda: server.is_ready() or server.process.poll() is not None, "readiness")
                wait_for(lambda: len(server.dump_files()) > count, "the dump that was asked for", 10)
                self.assertEqual(server.digest(), digest)
                server.kill()
                count = len(server.dump_files())
            server.start()
            self.assertEqual(server.digest(), digest)

    def test_folder_that_was_deleted_is_made_again_and_nothing_is_lost(self):
        with Server() as server:
            server.start()
            onboard(server)
            first = server.cli_json("dump", "--json")
            shutil.rmtree(server.dumps)
            again = server.cli_json("dump", "--json")
            self.assertGreater(again["generation"], first["generation"])
            shutil.rmtree(server.dumps)
            self.assertEqual(server.stop(), 0)
            server.start()
            self.check_onboarded(server)

    def test_dumps_follow_the_path_when_the_folder_is_renamed(self):
        """The next start looks at the path; a dump in the renamed folder would be as good as lost."""
        for make_new in (False, True):
            with self.subTest(make_new=make_new), Server() as server:
                server.start()
                onboard(server)
                server.cli_json("dump", "--json")
                server.dumps.rename(server.folder / "away")
                if make_new:
                    server.dumps.mkdir()
                made = server.cli_json("dump", "--json")
                self.assertEqual([str(path) for path in server.dump_files()], [made["path"]])
                self.assertEqual(made["generation"], 2)
                self.assertIn("event=folder_reopened", server.log())
                server.kill()
                server.start()
                self.check_onboarded(server)

    def test_a_lost_mount_is_not_papered_over(self):
        """What is written below the mount point is nowhere once the disk is back."""

        def mount(*arguments):
            return subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)

        with Server() as server, contextlib.ExitStack() as undo:
            disk = server.folder / "disk"
            disk.mkdir()
            server.dumps.mkdir(exist_ok=True)
            done = mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", disk)
            if done.returncode != 0:
                self.skipTest(f"NO MOUNTS HERE: {done.stderr.strip()}")
            undo.callback(subprocess.run, ["umount", "-l", str(disk)], check=False)
            undo.callback(subprocess.run, ["umount", "-lq", str(server.dumps)], check=False)
            self.assertEqual(mount("--bind", disk, server.dumps).returncode, 0)
            server.start()
            onboard(server)
            server.cli_json("dump", "--json")
            subprocess.run(["umount", "-l", str(server.dumps)], check=True)
            status, answer = server.http("POST", "/platform/memory/dump", {})
            self.assertEqual(status, 500, answer)
            self.assertIn("its mount seems lost", server.log())
            self.assertEqual(list(server.dumps.glob("*.bin")), [])
            self.assertEqual(server.http("GET", "/platform/monitor/readiness", token=None)[1]["status"], "degraded")
            self.assertEqual(mount("--bind", disk, server.dumps).returncode, 0)
            self.assertEqual(server.http("POST", "/platform/memory/dump", {})[0], 200)
            self.assertEqual(len(list(disk.glob("*.bin"))), 2)
            self.assertEqual(server.http("GET", "/platform/monitor/readiness", token=None)[1]["status"], "ready")
            subprocess.run(["umount", "-l", str(server.dumps)], check=True)
            self.assertEqual(server.stop(), 0)  # the last dump has to be somewhere, and says where
            self.assertIn("event=mount_lost", server.log())
            self.assertEqual(len(list(server.dumps.glob("*.bin"))), 1)

    def test_whatever_is_asked_for_is_about_the_folder_that_the_path_names_now(self):
        with Server() as server:
            server.start()
            onboard(server)
            server.cli_json("dump", "--json")
            away = server.dumps.rename(server.folder / "away")
            server.dumps.mkdir()
            self.assertEqual(server.cli_json("dumps", "--json"), [])
            self.assertEqual(server.http("POST", "/platform/memory/restore", {})[0], 404)
            server.dumps.rename(server.folder / "second")
            status, answer = server.http("POST", "/platform/memory/dump", {"path": "copies/"})
            self.assertEqual(status, 404, answer)  # there is no such folder in the new one
            server.dumps.rename(server.folder / "third")
            status, answer = server.http("POST", "/platform/memory/dump", {"path": "copy"})
            self.assertEqual(status, 200, answer)
            self.assertTrue(pathlib.Path(answer["response"]["path"]).is_file(), answer)
            self.assertEqual(len(list(away.glob("*.bin"))), 1)
            self.assertNotIn("dump_retried", server.log())

    def test_who_stands_by_follows_the_path_as_well(self):
        with Server() as first, Server() as second:
            first.start()
            onboard(first)
            first.cli_json("dump", "--json")
            second.dumps = first.dumps
            second.spawn(MEM_DUMP_PATH=first.environment["MEM_DUMP_PATH"])
            second.wait_log("standing_by")
            first.dumps.rename(first.folder / "away")
            made = first.cli_json("dump", "--json")
            self.assertEqual(first.stop(), 0)
            wait_for(second.is_ready, "the second to take over")
            self.check_onboarded(second)
            self.assertGreater(second.cli_json("dump", "--json")["generation"], made["generation"])
            self.assertTrue(first.dump_files())

    def test_who_stands_by_takes_over_when_the_path_comes_back(self):
        with Server() as first, Server() as second:
            volume = first.folder / "volume"
            (volume / "dumps").mkdir(parents=True)
            first.dumps = volume / "dumps"
            first.start(MEM_DUMP_PATH=f"{first.dumps}/")
            onboard(first)
            first.cli_json("dump", "--json")
            second.spawn(MEM_DUMP_PATH=f"{first.dumps}/")
            second.wait_log("standing_by")
            volume.rename(first.folder / "away")
            first.kill()
            second.wait_log("standing_by.*does not exist")
            (first.folder / "away").rename(volume)
            wait_for(second.is_ready, "the second to take over")
            self.check_onboarded(second)

    def test_who_stands_by_does_not_start_empty_beside_one_whose_folder_is_gone(self):
        for remove in (shutil.rmtree, lambda folder: folder.rename(folder.with_name("away"))):
            with Server() as first, Server() as second:
                first.start()
                onboard(first)
                second.spawn(MEM_DUMP_PATH=first.environment["MEM_DUMP_PATH"], MEM_DUMP_LOCK_WAIT="1")
                second.wait_log("standing_by")
                remove(first.dumps)
                self.assertEqual(second.process.wait(60), 75, second.log())
                self.assertEqual(first.stop(), 0)
                first.start()
                self.check_onboarded(first)

    def test_final_dump_that_fails_is_tried_again_and_ends_with_74(self):
        with Server(MEM_SHUTDOWN_GRACE="3") as server:
            server.start()
            shutil.rmtree(server.dumps)
            server.dumps.write_text("a file in the folder's place")
            begin = time.monotonic()
            self.assertEqual(server.stop(), 74)
            self.assertGreater(time.monotonic() - begin, 1)
            self.assertEqual(server.log().count("event=final_dump_failed"), 3)
            self.assertIn("THE STATE COULD NOT BE WRITTEN", server.log())

    def test_readiness_and_liveness(self):
        with Server() as server:
            server.start()
            self.assertEqual(server.http("GET", "/platform/monitor/liveness", token=None), (200, {"status": "alive"}))
            self.assertEqual(server.http("GET", "/api/health", token=None), (200, {"status": "online"}))
            self.assertEqual(server.cli("health").returncode, 0)
            server.stop()
            self.assertEqual(server.cli("health").returncode, 69)


if __name__ == "__main__":
    unittest.main()
