# The commands that people use; all are idempotent and say what they install.
.PHONY: setup build test test-long demo lint format bench gpu-check gpu-bench clean

setup:
	@Scripts/setup.sh

build: setup
	swift build -c release --product apus

test: setup
	@Scripts/test.sh

# The same tests with thousands of damaged models and engines instead of hundreds.
test-long: setup
	@APUS_LONG=1 Scripts/test.sh

demo: build
	@Scripts/demo.sh

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

format:
	swift format --in-place --recursive Sources Tests Package.swift

bench: build
	@Benchmarks/cpu.sh

# Builds one static program that runs on any machine with an NVIDIA driver and NVRTC, and runs it where there is a GPU. It
# may have 25 MB: optimized for size, nothing exported, no symbols and unwind tables; in a folder of its own, as its flags
# are not those of `make build`.
GPU_CHECK_FOLDER = .build/gpu-check
GPU_CHECK = swift build -c release --product apus-gpu-check --static-swift-stdlib --scratch-path $(GPU_CHECK_FOLDER) \
	-Xswiftc -Osize -Xswiftc -use-ld=lld -Xlinker -s -Xlinker --exclude-libs=ALL -Xlinker --no-export-dynamic \
	-Xlinker --no-eh-frame-hdr -Xlinker -T -Xlinker $(CURDIR)/Scripts/no-unwind-tables.ld
gpu-check: setup
	$(GPU_CHECK)
	@program=$$($(GPU_CHECK) --show-bin-path)/apus-gpu-check; size=$$(stat -c %s $$program); \
	echo "built $$program, $$size bytes"; test $$size -le 25000000 || { echo "more than 25 MB"; exit 1; }; \
	if [ -e /dev/nvidiactl ]; then $$program; else echo "no NVIDIA GPU here: carry it to a machine with one"; fi

# Builds one static `apus` to be carried to a machine with a GPU and PyTorch, and times the networks there.
GPU_BENCH = swift build -c release --product apus --static-swift-stdlib -Xlinker -s
gpu-bench: setup
	$(GPU_BENCH)
	@program=$$($(GPU_BENCH) --show-bin-path)/apus; echo "built $$program"; \
	if [ -e /dev/nvidiactl ]; then Benchmarks/gpu.sh $$program; else echo "no NVIDIA GPU here: carry it and Benchmarks/ to a machine with one"; fi

clean:
	swift package clean
