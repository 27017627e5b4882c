#!/usr/bin/env bash
# Installs the programs that tests talk to, where they are missing and we may: OpenSSH, jq, tmux, a Secret Service,
# openssl, and the build needs of jira_query's TLS. Tests of a program that is still missing say that they are skipped.
set -euo pipefail

declare -A package=(
    [ssh-keygen]=openssh-client [ssh-agent]=openssh-client [sshd]=openssh-server [jq]=jq [tmux]=tmux
    [openssl]=openssl [pkg-config]=pkg-config [gnome-keyring-daemon]=gnome-keyring
    [dbus-run-session]=dbus-daemon [secret-tool]=libsecret-tools [cc]=gcc
)
missing=()
for program in "${!package[@]}"; do
    if ! command -v "$program" >/dev/null && ! [ -x "/usr/sbin/$program" ]; then
        missing+=("${package[$program]}")
    fi
done
if command -v pkg-config >/dev/null && ! pkg-config --exists openssl; then missing+=(libssl-dev); fi
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup: please install: ${missing[*]}" >&2
        exit 0
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
