# Sourced by run.sh: puts the libraries under $cache, and leaves them alone while their list is
# unchanged.

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

# debian_packages PROGRAM PACKAGE...: what a fresh machine lacks.
debian_packages() {
  command -v "$1" >/dev/null && return
  echo "installing ${*:2}"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    local install=(apt-get install -qy --no-install-recommends "${@:2}")
    export DEBIAN_FRONTEND=noninteractive
    "${install[@]}" >/dev/null 2>&1 || { apt-get update -q && "${install[@]}"; } >/dev/null
  fi
  command -v "$1" >/dev/null || { echo "run.sh: $1 is missing; install ${*:2}" >&2; exit 1; }
}

# snippet LANGUAGE: the one block of a language in docs/clients.md.
snippet() {
  awk -v open="\`\`\`$1" '$0 == open { found++; inside = 1; next } /^```$/ { inside = 0 } inside
    END { if (found != 1) { print "docs/clients.md: " found + 0 " blocks of " open > "/dev/stderr"; exit 1 } }' "$root/docs/clients.md"
}

# go_suite SOURCES: the suite and what docs/clients.md tells people to write, compiled.
go_suite() {
  debian_packages go golang-go
  rm -rf "$cache/go"
  mkdir -p "$cache"
  cp -r "$1" "$cache/go"
  snippet go >"$cache/go/sidetone.go"
  (cd "$cache/go" && GOFLAGS=-mod=readonly go test -vet=off -c -o suite .)
}

# java_suite VERSION SOURCES TEST...: likewise, against one version of the library.
java_suite() {
  local place=$cache/java$1
  debian_packages javac default-jdk-headless
  if ! cmp -s "$2/pom.xml" "$place/installed.xml"; then
    echo "installing java twilio $1"
    debian_packages mvn maven
    rm -rf "$place"
    mkdir -p "$place"
    mvn --quiet --batch-mode --file "$2/pom.xml" "-Dtwilio.version=$1" dependency:copy-dependencies \
      "-DoutputDirectory=$place/lib" >&2
    cp "$2/pom.xml" "$place/installed.xml"
  fi
  rm -rf "$place/classes"
  mkdir -p "$place/classes"
  snippet java >"$place/Sidetone.java"
  javac -nowarn -d "$place/classes" -cp "$place/lib/*" "$place/Sidetone.java" "$2/Seeded.java" "${@:3}"
}
