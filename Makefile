# The commands that people use; all are idempotent and say what they install.
.PHONY: setup build test demo lint format bench clean

setup:
	@Scripts/setup.sh

build: setup
	swift build -c release --product apus

test: setup
	@Scripts/test.sh

demo: build
	@Scripts/demo.sh

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

format:
	swift format --in-place --recursive Sources Tests Package.swift

bench: build
	@Benchmarks/cpu.sh

clean:
	swift package clean
