#!/usr/bin/env bash
# What an operator may read stands in docs/operations.md: each event that is logged at WARN or above, and each sentence about
# settings, the dump folder and definitions of ECS, with … for what varies, up to its first colon or semicolon.
set -eu
cd "$(dirname "$0")/../.."
/usr/bin/python3 - <<'PYTHON'
import pathlib
import re
import sys

GUIDE = pathlib.Path("docs/operations.md").read_text()
SENTENCES = ("core/config.c", "core/configcheck.c", "core/folder.c", "core/signkeys.c", "cli/ecscheck.c", "cli/prepare.c")
missing = []


def literals(text):
    """Adjacent string literals as one, without their escapes."""
    for found in re.finditer(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', text):
        joined = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', found.group()))
        yield joined.replace('\\"', '"').replace("\\n", "\n")


def beginning(sentence):
    """The sentence as the guide quotes it."""
    text = re.sub(r"%[-.*0-9]*(?:ll|l|z)?[a-z]", "…", sentence.strip().removeprefix("memgate: "))
    return re.split(r"[:;] ", text)[0].rstrip(".")


events = set()
for room in ("core", "messages", "actors", "gateway", "cli"):
    for path in sorted(pathlib.Path(room).glob("**/*.c")):
        text = path.read_text()
        for call in re.finditer(r'(?:mg_log|s_log_lines)\(([^;]*?)"(\w+)"', text):
            if re.search(r"MG_LOG_(WARN|ERROR|CRITICAL)", call.group(1)):
                events.add(call.group(2))
        if str(path) in SENTENCES:
            missing += [f"{path}: {text}" for text in literals(text)
                        if re.search(r"[.?]\n?$|^(the dump folder|what has the name|MEM_DUMP_PATH=)", text) and text.count(" ") > 2
                        and beginning(text) not in GUIDE]
missing += [f"event {event}" for event in sorted(events) if f"`{event}`" not in GUIDE]
table = GUIDE.split("## Log lines at WARN and above")[1].split("\n## ")[0]
told = {name for row in re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE) for name in re.findall(r"`([a-z_]+)`", row)} - {"skipped"}
missing += [f"event {event} is in the guide, but nothing logs it" for event in sorted(told - events)]
if len(events) < 30:
    missing.append("the events of the sources were not found")
print("\n".join(missing))
sys.exit(1 if missing else 0)
PYTHON
