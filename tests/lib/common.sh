# shellcheck shell=bash
# Words and places that every part of the runner uses. Sourced, never run.
# shellcheck disable=SC2034

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
CACHE="${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/siegel"
VENV="$CACHE/venv"
TARGET="${CARGO_TARGET_DIR:-$ROOT/target}"
SIEGEL_BIN="${SIEGEL_BIN:-$TARGET/debug/siegel}"
export ROOT SIEGEL_BIN

say() { printf '\n=== %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
  printf '\ntests/run: %s\n' "$*" >&2
  exit 2
}
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command for at most so many seconds.
limit() {
  local seconds=$1
  shift
  timeout --kill-after=10 "$seconds" "$@"
}

# Answers a TCP port of 127.0.0.1 that nobody uses at this moment.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Ends one process that we started, by its id; a second signal after ten seconds.
end() {
  local pid=$1 signal=${2:-TERM} _
  kill -0 "$pid" 2>/dev/null || return 0
  kill -"$signal" "$pid" 2>/dev/null
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null
}
