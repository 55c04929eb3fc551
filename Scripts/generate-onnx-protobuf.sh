#!/bin/sh
# Writes Sources/ApusONNX/Generated/*.pb.swift from the .proto files of the installed Python package `onnx`.
# Needs protoc and Swift; the plug-in is built from the swift-protobuf checkout of this package (about a minute).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
protos=$("$python" -c 'import onnx, os; print(os.path.dirname(onnx.__file__))')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -d "$root/.build/checkouts/swift-protobuf" ] || (cd "$root" && swift package resolve)
cp -r "$root/.build/checkouts/swift-protobuf" "$work/swift-protobuf"
swift build --package-path "$work/swift-protobuf" --product protoc-gen-swift
plugin=$(swift build --package-path "$work/swift-protobuf" --show-bin-path)/protoc-gen-swift
mkdir -p "$work/protos/onnx"
cp "$protos/onnx-ml.proto" "$protos/onnx-data.proto" "$work/protos/onnx/"
protoc --plugin="$plugin" --swift_out="$root/Sources/ApusONNX/Generated" -I "$work/protos" \
  --swift_opt=Visibility=Internal --swift_opt=FileNaming=DropPath --swift_opt=UseAccessLevelOnImports=true \
  onnx/onnx-ml.proto onnx/onnx-data.proto
