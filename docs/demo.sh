#!/usr/bin/env bash
# The point of memgate in thirty seconds: state that survives a kill -9 because somebody asked for a dump.
set -euo pipefail

BIN=${MEMGATE_BIN:-build/memgate}
BIN=$(cd "$(dirname "$BIN")" && pwd)/$(basename "$BIN")
FOLDER=$(mktemp -d)
PID=
cleanup() {
    [ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || true
    rm -rf "$FOLDER"
}
trap cleanup EXIT

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
    printf 'demo failed: %s\n' "$*" >&2
    [ ! -s "$FOLDER/log" ] || tail -20 "$FOLDER/log" >&2
    exit 1
}
random() { head -c "$1" /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# A port that nobody listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 30000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

MEM_ENCRYPTION_KEY="hex:$(random 32)"
MEMGATE_ADMIN_PASSWORD=$(random 12)
PORT=$(free_port)
export MEM_ENCRYPTION_KEY MEMGATE_ADMIN_PASSWORD PORT
export MEMGATE_ADMIN_EMAIL=admin@example.test MEM_DUMP_PATH=$FOLDER/dumps/memory_dump.bin XDG_RUNTIME_DIR=$FOLDER
chmod 700 "$FOLDER"
URL=http://127.0.0.1:$PORT

start() {
    "$BIN" serve 2>>"$FOLDER/log" &
    PID=$!
    for _ in $(seq 300); do
        if curl -fs "$URL/platform/monitor/readiness" >/dev/null; then return; fi
        kill -0 "$PID" 2>/dev/null || fail "memgate did not start"
        sleep 0.1
    done
    fail "memgate did not become ready"
}

login() { # email password
    curl -fs "$URL/platform/authorization" -d "{\"email\":\"$1\",\"password\":\"$2\"}" -H 'Content-Type: application/json' |
        sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p'
}
call() { # method path [body]
    curl -fs -X "$1" "$URL$2" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' ${3:+-d "$3"}
}

step "1. memgate starts with an empty state, in memory"
start
TOKEN=$(login admin@example.test "$MEMGATE_ADMIN_PASSWORD")
[ -n "$TOKEN" ] || fail "the admin could not log in"

step "2. a user and an API are onboarded over HTTP"
call POST /platform/user '{"username":"ann","email":"ann@example.test","password":"Str0ng!Passw0rd-ann","role":"admin"}'
echo
call POST /platform/api '{"api_name":"orders","api_version":"v1","api_servers":["http://127.0.0.1:9"]}' | cut -c1-100

step "3. kill -USR1: a dump is asked for by a signal; nobody waits for it"
kill -USR1 "$PID"
for _ in $(seq 100); do
    compgen -G "$FOLDER/dumps/*.bin" >/dev/null && break
    sleep 0.1
done
ls -l "$FOLDER"/dumps/*.bin || fail "no dump was written"
"$BIN" status | head -1

step "4. kill -9: the process is gone, and its memory with it"
kill -9 "$PID"
wait "$PID" 2>/dev/null || true

step "5. start again"
start
grep -o 'restored from dump [^ "]*' "$FOLDER/log" || fail "nothing was restored"

step "6. all there: the API, and the user who logs in with her password"
TOKEN=$(login ann@example.test 'Str0ng!Passw0rd-ann')
[ -n "$TOKEN" ] || fail "the user is gone"
call GET /platform/api/orders/v1 | cut -c1-100 || fail "the API is gone"

step "7. SIGTERM: a last dump, then the end"
kill -TERM "$PID"
wait "$PID" || fail "the end was not clean"
PID=
ls "$FOLDER/dumps"
