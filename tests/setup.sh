#!/usr/bin/env bash
# Installs the programs that tests talk to, where they are missing and we may: OpenSSH, jq, tmux, a Secret Service,
# openssl, Python; and Bandit, in target/tools. Tests of a program that is still missing say that they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A package=(
    [ssh-keygen]=openssh-client [ssh-agent]=openssh-client [sshd]=openssh-server [jq]=jq [tmux]=tmux
    [openssl]=openssl [gnome-keyring-daemon]=gnome-keyring
    [dbus-run-session]=dbus-daemon [secret-tool]=libsecret-tools [cc]=gcc
    [setsid]=util-linux [python3]=python3
)
missing=()
for program in "${!package[@]}"; do
    if ! command -v "$program" >/dev/null && ! [ -x "/usr/sbin/$program" ]; then
        missing+=("${package[$program]}")
    fi
done
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup: please install: ${missing[*]}" >&2
    else
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    fi
fi

# Bandit's own reports are read by a test. It goes into the tree's target, so that the system stays as it is.
tools=target/tools/python
if command -v python3 >/dev/null && ! "$tools/bin/bandit" --version >/dev/null 2>&1; then
    # Debian has the module for this in a package of its own.
    if ! python3 -m venv "$tools" >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; } || true
        python3 -m venv "$tools" >/dev/null || true
    fi
    "$tools/bin/python3" -m pip install -q --disable-pip-version-check 'bandit[sarif]' \
        || echo "setup: bandit[sarif] could not be installed; its test is skipped" >&2
fi

# Tokens, FIDO keys in software, OpenBao and the other verifiers of signatures.
tests/setup-signers.sh
