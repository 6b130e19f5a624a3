#!/usr/bin/env bash
# Rooms point one way: cli -> gateway -> actors -> messages -> core. Also what the design forbids everywhere.
set -u
cd "$(dirname "$0")/../.." || exit 1
shopt -s lastpipe # complain, at the end of a pipe, must be able to set `bad`
bad=0

complain() { # title, then lines on stdin
    local lines
    lines=$(cat)
    [ -z "$lines" ] && return
    printf '%s\n%s\n' "$1" "$lines"
    bad=1
}

below() { # room, forbidden rooms as a pattern
    grep -rnE "^#include \"($2)/" "$1" --include='*.[ch]' | complain "$1 includes a room above it:"
}
below core 'messages|actors|gateway|cli'
below messages 'actors|gateway|cli'
below actors 'gateway|cli'
below gateway 'cli'

grep -rnE '\bgetenv *\(' core messages actors gateway cli --include='*.c' | grep -v '^core/config\.c' |
    complain "getenv outside core/config.c:"
grep -rnE 'pthread_(mutex|rwlock|cond|spin)|\bmtx_lock\b' core messages actors gateway cli --include='*.[ch]' |
    complain "a lock:"
grep -rnE '\b(zclock_sleep|usleep|nanosleep|sleep) *\(' core messages actors gateway cli --include='*.c' |
    complain "a sleep:"
grep -rnE '#include "(microhttpd|czmq|zmq)|#include <(microhttpd|czmq|zmq)' core --include='*.[ch]' |
    complain "core knows sockets or HTTP:"
grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' core messages actors gateway cli tests dev --include='*.[ch]' --include='*.py' --include=dev |
    complain "work left for later:"
# The one table of settings is one idea, however long.
find core messages actors gateway cli -name '*.c' ! -path core/configtable.c -exec wc -l {} + | awk '$2 != "total" && $1 > 500 {print $2 ": " $1}' |
    complain "files over 500 lines:"
for header in core/*.h messages/*.h actors/*.h gateway/*.h cli/*.h; do
    head -c 2 "$header" | grep -q '/\*' || echo "$header"
done | complain "headers without a contract:"
exit $bad
