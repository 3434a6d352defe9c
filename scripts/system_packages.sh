#!/bin/sh
# Installs what some tests start: Chromium (the report, looked at) and a PostgreSQL server (the shared state).
# Without the right to install, the tests that need them skip, unless KBSYNC_REQUIRE_SYSTEM=1.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$missing for the tests"
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086  # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Not installed:$missing; the tests that need it are skipped"
    [ "${KBSYNC_REQUIRE_SYSTEM:-0}" != 1 ]
fi
