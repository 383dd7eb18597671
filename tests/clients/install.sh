# Sourced by run.sh: puts the libraries under $cache, and leaves them alone while their list is unchanged.

ready_venv_module() {
  python3 -c 'import ensurepip, venv' 2>/dev/null && return
  # Debian splits these two off the interpreter.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -qy python3-venv >/dev/null
  fi
  python3 -c 'import ensurepip, venv' || { echo "run.sh: python3 has no venv; install python3-venv" >&2; exit 1; }
}

# python_env NAME REQUIREMENTS
python_env() {
  local place=$cache/$1
  cmp -s "$2" "$place/installed.txt" && return
  echo "installing $1"
  ready_venv_module
  rm -rf "$place"
  mkdir -p "$cache"
  python3 -m venv "$place"
  "$place/bin/pip" install --quiet --disable-pip-version-check -r "$2"
  cp "$2" "$place/installed.txt"
}

# node_packages PACKAGE_JSON
node_packages() {
  local place=$cache/node
  cmp -s "$1" "$place/installed.json" && return
  echo "installing node libraries"
  command -v npm >/dev/null || { echo "run.sh: npm is missing; install Node.js 20 or newer" >&2; exit 1; }
  rm -rf "$place"
  mkdir -p "$place"
  cp "$1" "$place/package.json"
  npm install --prefix "$place" --no-package-lock --no-audit --no-fund --loglevel=error >/dev/null
  cp "$1" "$place/installed.json"
}
