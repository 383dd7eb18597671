# Sourced by tests that start a server beside them.

# listening SCHEME: waits until $server says in $work/server.out where it listens: sets url.
listening() {
  url=
  for _ in $(seq 600); do
    url=$(sed -n "s/^listening on \\($1:[^ ]*\\).*/\\1/p" "$work/server.out")
    [ -n "$url" ] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  [ -n "$url" ] || { echo "run.sh: the server did not start" >&2; cat "$work/server.out" "$work/server.err" >&2; exit 1; }
  url=${url%/}
}
