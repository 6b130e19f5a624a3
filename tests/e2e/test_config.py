"""memgate config: what it shows and hides, the documentation made of its table, and each classic mistake of an ECS definition."""
import copy
import json
import pathlib
import unittest

from server import KEY, PASSWORD, Server

REPO = pathlib.Path(__file__).resolve().parents[2]
ECS = REPO / "docker/ecs"
FOLDER = "/app/backend-services/generated"


def environment(task, name, value):
    """Sets, or with None removes, a variable of the container."""
    rows = [row for row in container(task)["environment"] if row["name"] != name]
    container(task)["environment"] = rows + ([{"name": name, "value": value}] if value is not None else [])


def container(task):
    return task["containerDefinitions"][0]


def volume(task, **to):
    task["volumes"] = [{"name": "generated", **to}]


def drop_secret(task):
    container(task)["secrets"] = [row for row in container(task)["secrets"] if row["name"] != "MEM_ENCRYPTION_KEY"]


def clear_alias(task):
    container(task)["secrets"] = [row for row in container(task)["secrets"] if row["name"] != "MEMGATE_ADMIN_PASSWORD"]
    environment(task, "DOORMAN_ADMIN_PASSWORD", PASSWORD)


def efs(task):
    return task["volumes"][0]["efsVolumeConfiguration"]


# what is done to the good Fargate definition, and what must be said
MISTAKES = {
    "the mount is elsewhere": (lambda t: container(t)["mountPoints"][0].update(containerPath="/data"), "no volume is mounted at " + FOLDER),
    "the dump path is elsewhere": (lambda t: environment(t, "MEM_DUMP_PATH", "/data/memory_dump.bin"), "no volume is mounted at /data"),
    "a mount of a similar name": (lambda t: container(t)["mountPoints"][0].update(containerPath=FOLDER + "x"), "no volume is mounted"),
    "nothing is mounted": (lambda t: container(t).pop("mountPoints"), "no volume is mounted"),
    "the mount is read-only": (lambda t: container(t)["mountPoints"][0].update(readOnly=True), "readOnly"),
    "the volume is not there": (lambda t: t.pop("volumes"), "\"generated\" of the dump folder is not in `volumes`"),
    "the volume ends with the task": (volume, "ends with its task"),
    "EBS managed by ECS": (lambda t: volume(t, configuredAtLaunch=True), "new and empty for each task"),
    "a host folder on Fargate": (lambda t: volume(t, host={"sourcePath": "/mnt"}), "Fargate task has no host folder"),
    "no access point": (lambda t: efs(t).pop("authorizationConfig"), "no access point"),
    "no encryption on the way": (lambda t: efs(t).pop("transitEncryption"), "transitEncryption"),
    "a root beside the access point": (lambda t: efs(t).update(rootDirectory="/x"), "rootDirectory"),
    "workers": (lambda t: environment(t, "THREADS", "4"), "THREADS must be 1"),
    "external state": (lambda t: environment(t, "MEM_OR_EXTERNAL", "EXTERNAL"), "MEM_OR_EXTERNAL=EXTERNAL"),
    "production without https": (lambda t: environment(t, "HTTPS_ONLY", None), "HTTPS_ONLY=true"),
    "no stop timeout": (lambda t: container(t).pop("stopTimeout"), "stopTimeout is 30 s (it is missing)"),
    "a stop timeout under the grace": (lambda t: container(t).update(stopTimeout=60), "stopTimeout is 60 s and not above MEM_SHUTDOWN_GRACE, 110 s"),
    "more than Fargate waits": (lambda t: container(t).update(stopTimeout=300), "the most that Fargate allows"),
    "a secret in the clear": (lambda t: environment(t, "MEM_ENCRYPTION_KEY", KEY), "MEM_ENCRYPTION_KEY stands in the clear"),
    "an older name in the clear": (clear_alias, "DOORMAN_ADMIN_PASSWORD stands in the clear"),
    "no key": (drop_secret, "MEM_ENCRYPTION_KEY is not set"),
    "a secret without ARN": (lambda t: container(t)["secrets"][0].update(valueFrom="hunter2"), "no ARN"),
    "nobody may read the secrets": (lambda t: t.pop("executionRoleArn"), "executionRoleArn"),
    "no health check": (lambda t: container(t).pop("healthCheck"), "healthCheck is missing"),
    "a health check by shell": (lambda t: container(t)["healthCheck"].update(command=["CMD-SHELL", "curl -f localhost"]), "no shell"),
    "another health check": (lambda t: container(t)["healthCheck"].update(command=["CMD", "/usr/bin/memgate", "status"]), "liveness"),
    "root": (lambda t: container(t).update(user="0:0"), "user is root"),
    "another port": (lambda t: environment(t, "PORT", "8080"), "no containerPort"),
    "loopback": (lambda t: environment(t, "HOST", "127.0.0.1"), "HOST is loopback"),
    "no place for the control socket": (lambda t: container(t).update(readonlyRootFilesystem=True), "control socket no place"),
    "not essential": (lambda t: container(t).update(essential=False), "not essential"),
    "another network mode": (lambda t: t.update(networkMode="bridge"), "awsvpc"),
    "no containers": (lambda t: t.pop("containerDefinitions"), "neither a task definition"),
}
SERVICE_MISTAKES = {
    "two tasks": (lambda s: s.update(desiredCount=2), "desiredCount is above 1"),
    "rolling": (lambda s: s["deploymentConfiguration"].update(minimumHealthyPercent=100, maximumPercent=200), "minimumHealthyPercent 0"),
    "nothing said": (lambda s: s.pop("deploymentConfiguration"), "minimumHealthyPercent 0"),
    "everywhere": (lambda s: s.update(schedulingStrategy="DAEMON"), "DAEMON"),
}


class TestConfig(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)

    def check(self, definition):
        path = self.server.folder / "definition.json"
        path.write_text(definition if isinstance(definition, str) else json.dumps(definition))
        return self.server.cli("config", "check", "--ecs", path)

    def test_it_shows_what_is_in_force_without_secrets(self):
        done = self.server.cli("config", MEM_AUTO_SAVE_FREQ="7", AUTH_EXPIRE_TIME_FREQ="h")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = dict(line.split("=", 1) for line in done.stdout.splitlines())
        self.assertEqual((shown["MEM_AUTO_SAVE_FREQ"], shown["THREADS"], shown["AUTH_EXPIRE_TIME_FREQ"]), ("7", "1", "hours"))
        self.assertEqual(shown["MEM_ENCRYPTION_KEY"], "(set, not shown)")
        self.assertNotIn(KEY, done.stdout + done.stderr)
        self.assertNotIn(PASSWORD, done.stdout + done.stderr)

    def test_it_checks_the_environment(self):
        self.assertEqual(self.server.cli("config", "check").returncode, 0)
        done = self.server.cli("config", "check", THREADS="3", MEM_ENCRYPTION_KEY=None, MEM_AUTOSAVE_FREQ="1")
        self.assertEqual(done.returncode, 78)
        for words in ("THREADS must be 1", "MEM_ENCRYPTION_KEY is not set", "did you mean MEM_AUTO_SAVE_FREQ"):
            self.assertIn(words, done.stderr)

    def test_a_setting_without_effect_is_no_error_and_said_once(self):
        done = self.server.cli("config", "check", LOGS_DIR="/var/log", HTTP_TIMEOUT="30")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"^memgate: warning: LOGS_DIR has no effect: the log goes to standard error[^\n]*\nmemgate: warning: HTTP_TIMEOUT has no effect[^\n]*\n$")
        self.server.start(LOGS_DIR="/var/log")
        self.assertEqual(self.server.log().count("LOGS_DIR has no effect"), 1)

    def test_the_documentation_is_made_of_the_table(self):
        made = self.server.cli("config", "--markdown").stdout
        self.assertIn(made, (REPO / "docs/configuration.md").read_text(),
                      "docs/configuration.md is old: put the output of `memgate config --markdown` there")

    def test_the_definitions_of_this_repository_are_good(self):
        files = sorted([*ECS.glob("task-*.json"), ECS / "service.json"])
        self.assertGreater(len(files), 3)
        for path in files:
            with self.subTest(path.name):
                done = self.server.cli("config", "check", "--ecs", path)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_each_mistake_is_named_and_nothing_else(self):
        for file, mistakes in (("task-fargate-arm64.json", MISTAKES), ("service.json", SERVICE_MISTAKES)):
            good = json.loads((ECS / file).read_text())
            for name, (seed, words) in mistakes.items():
                with self.subTest(name):
                    bad = copy.deepcopy(good)
                    seed(bad)
                    done = self.check(bad)
                    self.assertEqual(done.returncode, 78, done.stderr)
                    self.assertIn(words, done.stderr)
                    self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                    self.assertNotIn(KEY, done.stderr)

    def test_a_described_definition_is_read_too(self):
        good = json.loads((ECS / "task-fargate-arm64.json").read_text())
        self.assertEqual(self.check({"taskDefinition": good, "tags": []}).returncode, 0)

    def test_files_that_are_no_definition(self):
        for text, code, words in (("{", 65, "line 1"), ("[]", 65, "line 1"), ("{}", 78, "neither"), (" " * (1 << 20), 66, "larger than 1 MiB")):
            with self.subTest(text[:4]):
                done = self.check(text)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
        self.assertEqual(self.server.cli("config", "check", "--ecs", "/nowhere").returncode, 66)
        self.assertEqual(self.server.cli("config", "--ecs", "x").returncode, 64)
        self.assertEqual(self.server.cli("config", "frob").returncode, 64)
