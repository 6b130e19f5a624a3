#!/usr/bin/env bash
# Makes debian:bookworm-slim on an engine that can not pull it: debootstrap, then docker import under the same name.
# Needs root and the package debootstrap. usage: base.sh [MIRROR]
set -euo pipefail
NAME=debian:bookworm-slim
MIRROR=${1:-http://deb.debian.org/debian}

if docker image inspect "$NAME" >/dev/null 2>&1 || timeout 120 docker pull -q "$NAME" 2>/dev/null; then
    exit 0
fi
command -v debootstrap >/dev/null || { echo "$NAME can not be pulled, and debootstrap, which could make it, is not installed" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || { echo "$NAME can not be pulled, and only root can make it with debootstrap" >&2; exit 1; }

ROOT=$(mktemp -d)
trap 'rm -rf "$ROOT"' EXIT
debootstrap --variant=minbase bookworm "$ROOT" "$MIRROR" >&2
# What a slim image leaves out; licences stay.
rm -rf "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/cache/apt/* "$ROOT"/usr/share/man/* "$ROOT"/usr/share/info/* "$ROOT"/usr/share/locale/*
find "$ROOT/usr/share/doc" -type f ! -name copyright -delete
tar -C "$ROOT" -c . | docker import --change 'CMD ["bash"]' - "$NAME"
