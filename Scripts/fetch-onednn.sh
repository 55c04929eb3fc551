#!/bin/sh
# Downloads oneDNN 3.2 (PyPI onednn-cpu-gomp, 39 MB) and unpacks its library into .build/onednn/lib.
# Needs python3 with pip; installs nothing into Python. Does nothing if the library is there already.
set -eu

version=2023.2.0
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.build/onednn/lib/libdnnl.so.3

if [ -s "$target" ]; then
  echo "oneDNN is there: $target"
  exit 0
fi
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
  echo "onednn-cpu-gomp is built for x86-64 Linux only; Apus runs without it" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "downloading onednn-cpu-gomp $version from PyPI"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --dest "$work" "onednn-cpu-gomp==$version"
echo "unpacking libdnnl.so.3"
python3 - "$work" "$target" <<'PYTHON'
import os, pathlib, shutil, sys, zipfile

folder, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith("/lib/libdnnl.so.3"))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    with wheel.open(name) as source, open(partial, "wb") as destination:
        shutil.copyfileobj(source, destination)
    os.replace(partial, target)
PYTHON
echo "oneDNN is there: $target"
