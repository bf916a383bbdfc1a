#!/usr/bin/env bash
# Builds the program for NVIDIA graphics cards, so that it also starts where their driver or libraries are missing:
# packaging/cuda.sh
#
# A program that is linked to CUDA's libraries does not start without them. Here their functions are left open, and the
# program loads the libraries itself when it wants a card (src/model/kernels/libraries.rs); what is missing it can say, and
# computes on the processor. Open functions need relocations that are filled in at the first call: hence the level of relro.
#
# Needs a CUDA toolkit under CUDA_PATH or /usr/local/cuda with nvcc in PATH, a C compiler and binutils. Without a card in
# this machine, CUDA_COMPUTE_CAP says for which it builds, for example 90. Prints the path of the program on stdout.
set -euo pipefail
cd "$(dirname "$0")/.."

cuda=${CUDA_PATH:-/usr/local/cuda}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}/cuda")
open=$target/open
binary=$target/release/counterpoise

say() { echo "cuda.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

runtime=$(find -L "$cuda" -name libcudart_static.a -print -quit)
[ -n "$runtime" ] || fail "there is no libcudart_static.a under $cuda; set CUDA_PATH"

# Libraries without a function stand in for the real ones; the runtime, whose functions are called before main, goes in.
if [ ! -f "$open/ready" ]; then
    mkdir -p "$open"
    for library in cuda cublas cublasLt curand nvrtc; do
        cc -shared -x c -o "$open/lib$library.so" /dev/null
    done
    echo "INPUT($runtime)" > "$open/libcudart.so"
    touch "$open/ready"
fi

RUSTFLAGS="-L native=$open -C relro-level=partial -C link-arg=-Wl,--unresolved-symbols=ignore-all ${RUSTFLAGS:-}" \
    cargo build --release --locked --features cuda --target-dir "$target" >&2

needed=$(objdump --private-headers "$binary" | awk '$1 == "NEEDED" && /cuda|cublas|curand|nvrtc/ { print $2 }')
[ -z "$needed" ] || fail "the program is still linked to $needed"
# What is open must be CUDA's, and must not be wanted at the start.
strange=$(nm --dynamic --undefined-only --with-symbol-versions "$binary" | awk '$1 == "U" && $2 !~ /@/ { print $2 }' | grep -vE '^(cu|cublas|curand|nvrtc)[A-Z_]' || true)
[ -z "$strange" ] || fail "functions of unknown origin are open: $strange"
early=$(readelf --relocs --wide "$binary" | awk '$3 !~ /JUMP_SLO/ && $5 ~ /^(cu|cublas|curand|nvrtc)[A-Z_]/ { print $5 }')
[ -z "$early" ] || fail "functions are wanted at the start: $early"
echo "$binary"
