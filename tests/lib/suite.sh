# shellcheck shell=bash
# `siegel up` for the stages: one running suite per database, started when first needed.

SUITE_PID=
SUITE_BACKEND=

# Starts the whole suite on `$1` (sqlite, postgres) with the clients of fixtures/seed.json; data and
# log under `$2`.
suite_start() {
  local backend=$1 dir=$2 port _
  [ "$SUITE_BACKEND" != "$backend" ] || { kill -0 "$SUITE_PID" 2>/dev/null && return 0; }
  suite_stop
  mkdir -p "$dir"
  port=$(free_port)
  local command=("$SIEGEL_BIN" up --port "$port" --data "$dir/data" --seed "$ROOT/tests/fixtures/seed.json")
  if [ "$backend" = postgres ]; then
    local url
    url=$(postgres_database "up_$port") || return 1
    command+=(--database-url "$url")
  fi
  (cd "$dir" && exec "${command[@]}") >"$dir/up.log" 2>&1 &
  SUITE_PID=$!
  SUITE_BACKEND=$backend
  export SIEGEL_ORIGIN="http://localhost:$port"
  export SIEGEL_DATA="$dir/data"
  export SIEGEL_CREDENTIALS="$dir/data/demo.toml"
  export SIEGEL_OUT="$dir/demo-out"
  for _ in $(seq 600); do
    if ! kill -0 "$SUITE_PID" 2>/dev/null; then
      echo "siegel up ended:"
      cat "$dir/up.log"
      SUITE_BACKEND=
      return 1
    fi
    # The line a person waits for: it answers before, but its people register at the first start.
    if grep -q '^Siegel sandbox ready' "$dir/up.log" \
      && curl -fsS -o "$dir/discovery.json" "$SIEGEL_ORIGIN/.well-known/openid-configuration" 2>/dev/null; then
      note "siegel up on $backend: $SIEGEL_ORIGIN (pid $SUITE_PID)"
      return 0
    fi
    sleep 0.1
  done
  echo "siegel up did not answer within 60 s:"
  cat "$dir/up.log"
  return 1
}

suite_stop() {
  [ -z "$SUITE_PID" ] || end "$SUITE_PID"
  SUITE_PID=
  SUITE_BACKEND=
}
