"""Writes a small image as `docker save` does, with packages of Alpine that are listed and not there: image.py FILE."""

import hashlib
import io
import json
import sys
import tarfile

INSTALLED = "\n".join([
    "P:musl\nV:1.1.22-r3\nA:x86_64\nL:MIT\no:musl\n",
    "P:libcrypto1.1\nV:1.1.1c-r0\nA:x86_64\nL:OpenSSL\no:openssl\n",
    "P:libssl1.1\nV:1.1.1c-r0\nA:x86_64\nL:OpenSSL\no:openssl\n",
])
FILES = {
    "etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.10.2\n',
    "etc/alpine-release": "3.10.2\n",
    "lib/apk/db/installed": INSTALLED,
    "shop/node_modules/minimist/package.json": '{"name": "minimist", "version": "0.0.8", "license": "MIT"}',
}


def tar(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as into:
        for name, text in files.items():
            body = text if isinstance(text, bytes) else text.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            into.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


layer = tar(FILES)
config = json.dumps({
    "architecture": "amd64",
    "os": "linux",
    "created": "2020-01-02T03:04:05Z",
    "config": {"Env": ["PATH=/bin"]},
    "history": [{"created": "2020-01-02T03:04:05Z", "created_by": "COPY shop /shop"}],
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
})
name = hashlib.sha256(config.encode()).hexdigest() + ".json"
manifest = json.dumps([{"Config": name, "RepoTags": ["registry.test/shop:1.0"], "Layers": ["layer.tar"]}])
with open(sys.argv[1], "wb") as to:
    to.write(tar({"layer.tar": layer, name: config, "manifest.json": manifest}))
