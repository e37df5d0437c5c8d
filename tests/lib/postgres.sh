# shellcheck shell=bash
# A PostgreSQL of our own: new cluster, free port, loopback.

POSTGRES_PID=
POSTGRES_PORT=

# For tests, of which none pulls the machine's plug: nothing waits for the disk. What measures has the server's defaults.
# shellcheck disable=SC2034
POSTGRES_FOR_TESTS=(-c fsync=off -c full_page_writes=off)

# Starts the server; sets SIEGEL_TEST_POSTGRES. `$1`: directory for data and log; then settings.
postgres_start() {
  local dir=$1 bin user _ as=()
  shift
  bin=$(postgres_bin)
  [ -n "$bin" ] || { echo "no PostgreSQL 15 or newer"; return 1; }
  mkdir -p "$dir"
  # PostgreSQL refuses to run as root: then it runs as the user that Debian's package made, or as nobody.
  if [ "$(id -u)" = 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups)
    chown "$user" "$dir"
  fi
  "${as[@]}" "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 \
    || { cat "$dir/initdb.log"; return 1; }
  POSTGRES_PORT=$(free_port)
  "${as[@]}" "$bin/postgres" -D "$dir/data" -p "$POSTGRES_PORT" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" -c max_connections=400 "$@" >"$dir/server.log" 2>&1 &
  POSTGRES_PID=$!
  for _ in $(seq 300); do
    kill -0 "$POSTGRES_PID" 2>/dev/null || { cat "$dir/server.log"; return 1; }
    if "$bin/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT"; then
      export SIEGEL_TEST_POSTGRES="postgres://postgres@127.0.0.1:$POSTGRES_PORT/postgres"
      return 0
    fi
    sleep 0.1
  done
  echo "PostgreSQL did not answer within 30 s"
  cat "$dir/server.log"
  return 1
}

# Makes an empty database and prints its URL.
postgres_database() {
  "$(postgres_bin)/createdb" -h 127.0.0.1 -p "$POSTGRES_PORT" -U postgres "$1" \
    && printf 'postgres://postgres@127.0.0.1:%s/%s\n' "$POSTGRES_PORT" "$1"
}

postgres_stop() {
  [ -z "$POSTGRES_PID" ] || end "$POSTGRES_PID" INT
  POSTGRES_PID=
}
