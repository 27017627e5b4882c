#!/usr/bin/env bash
# The main job from end to end, by command: list, show, be refused, dismiss, approve, see it continue; reject, halt,
# comment; verify and audit. Runs against `countersign demo --headless`; needs bash, jq and ssh-keygen.
#
#   tests/walkthrough.sh [path of countersign]
set -euo pipefail

countersign=${1:-target/release/countersign}
work=$(mktemp -d)
world=
finish() {
    if [ -n "$world" ]; then kill "$world" 2>/dev/null || true; wait "$world" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT

say() { printf -- '-- %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
# expect CODE ARGS...: runs countersign, keeps its output in $work/out and $work/err, and checks the exit code.
expect() {
    local want=$1 got=0
    shift
    "$countersign" "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    if [ "$got" -ne "$want" ]; then
        cat "$work/out" "$work/err" >&2
        fail "countersign $* exits with $got, not $want"
    fi
}
digest() { expect 0 show "$1" --output json; jq -r .gate.digest "$work/out"; }

say "start the demo world"
export HOME=$work/home XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME"
"$countersign" demo --headless --dir "$work/demo" >"$work/exports" 2>"$work/world.log" &
world=$!
for _ in $(seq 200); do grep -q COUNTERSIGN_DEMO_DIR "$work/exports" && break; kill -0 "$world" || fail "the demo world ended"; read -rt 0.05 <> <(:) || true; done
# shellcheck disable=SC1091
. "$work/exports"

say "the inbox"
expect 0 inbox
cat "$work/out"
expect 0 inbox --output json
[ "$(jq '.gates | length' "$work/out")" -ge 10 ] || fail "fewer than ten releases wait"
expect 0 inbox --query 'verdict:block' --output ndjson
[ "$(wc -l <"$work/out")" -ge 5 ] || fail "fewer than five releases are blocked"

say "a dossier"
expect 0 show payments@1.4.2/prod
cat "$work/out"

say "usage: exit 2"
expect 2 approve payments@1.4.2/prod --reason "no terminal and no --expect"
expect 2 inbox --query 'severety>=high'
say "no such gate: exit 12"
expect 12 show nothing@1/prod
say "policy blocks: exit 3"
expect 3 approve checkout@5.1.0/prod --reason "looks fine" --yes
say "evidence is incomplete: exit 4"
expect 4 approve search@3.4.0/prod --reason "sonar will be fine" --yes
say "the evidence is not what was expected: exit 5"
expect 5 approve payments@1.4.2/prod --reason "wrong digest" --expect "sha256:$(printf '0%.0s' $(seq 64))"
say "a dry run signs and sends nothing"
expect 0 approve payments@1.4.2/prod --reason "dry" --dry-run --output json
jq -e '.requests[0].method == "PATCH"' "$work/out" >/dev/null || fail "the dry run does not show the PATCH"
expect 0 ledger list --output json
[ "$(jq '.entries | length' "$work/out")" -eq 0 ] || fail "something was written"

say "approve, bound to the digest that was seen"
seen=$(digest payments@1.4.2/prod)
expect 0 approve payments@1.4.2/prod --reason "tests green, tickets done" --expect "$seen" --output json
gate=$(jq -r .gate "$work/out")
envelope=$(jq -r .envelope "$work/out")
jq -e '.receipt.status == "effective"' "$work/out" >/dev/null || fail "not effective"
expect 12 approve "$gate" --reason "once more" --yes

say "verify, as a pipeline does; and a wrong expectation: exit 11"
mkdir -p "$work/trust"
cp "$COUNTERSIGN_DEMO_DIR/allowed_signers" "$COUNTERSIGN_DEMO_DIR"/approvers.toml* "$work/trust/"
expect 0 verify --gate "$gate" --env prod --service payments --trust "$work/trust"
expect 11 verify --gate "$gate" --env staging --service payments --trust "$work/trust"
expect 11 verify --gate spinnaker:no/such/gate --env prod --service payments --trust "$work/trust"

say "audit with OpenSSH alone"
expect 0 ledger show "$envelope" --export "$work/audit"
principal=$(head -n 1 "$work/trust/allowed_signers" | cut -d' ' -f1)
ssh-keygen -Y verify -f "$work/trust/allowed_signers" -I "$principal" -n release-decision@countersign.dev \
    -s "$work"/audit/*.sig <"$(ls "$work"/audit/*.pae)"
if printf 'x' | cat - "$work"/audit/*.pae | ssh-keygen -Y verify -f "$work/trust/allowed_signers" -I "$principal" \
    -n release-decision@countersign.dev -s "$work"/audit/*.sig >/dev/null 2>&1; then fail "ssh-keygen takes tampered bytes"; fi

say "dismiss a false positive, then approve"
expect 3 approve ledger-api@1.9.0/prod --reason "one high finding" --yes
expect 0 findings ledger-api@1.9.0/prod --query 'sev>=high open' --output json
finding=$(jq -r '.findings[0].fingerprint' "$work/out")
expect 2 dismiss ledger-api@1.9.0/prod "$finding" --as accepted --reason "no expiry given"
expect 0 dismiss ledger-api@1.9.0/prod "$finding" --as false-positive --reason "the input is a constant of the build"
expect 0 findings ledger-api@1.9.0/prod --query dismissed
cat "$work/out"
expect 0 approve ledger-api@1.9.0/prod --reason "the finding is a false positive" --yes

say "reject and halt always work"
expect 0 reject checkout@5.1.0/prod --reason "a critical vulnerability in the image" --yes
expect 0 halt search@3.4.0/prod --reason "the scanner is down, start again tomorrow" --yes
say "a remark"
expect 0 comment invoices@7.2.0/prod --reason "waiting for INV-80"

say "refused by the orchestrator: exit 8"
expect 8 approve vault-proxy@1.1.0/prod --reason "the role is not mine" --yes

say "decided by someone else meanwhile"
mailer=0
"$countersign" approve mailer@4.1.0/prod --reason "good" --yes >"$work/out" 2>"$work/err" </dev/null || mailer=$?
case $mailer in 5 | 8 | 12) ;; *) cat "$work/err" >&2; fail "mailer exits with $mailer" ;; esac

say "could not sign: exit 6; not entitled: exit 7"
SSH_AUTH_SOCK=$work/none expect 6 reject profile@3.0.0/prod --reason "no agent" --yes
ssh-keygen -q -t ed25519 -N '' -f "$work/stranger"
COUNTERSIGN__SIGNER__KEY=$work/stranger expect 7 reject profile@3.0.0/prod --reason "a key that nobody knows" --yes

say "a report that cannot be read: exit 13"
echo '{"not": "a report"}' >"$work/odd.json"
expect 13 scan "$work/odd.json"

say "the ledger"
expect 0 ledger list
cat "$work/out"
expect 0 ledger check
say "all as expected"
