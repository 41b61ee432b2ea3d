#!/usr/bin/env bash
# What to run when a GPU is at hand: one-GPU training with NCCL, checked against the processor.
#
#   bench/gpu.sh pack [FOLDER]   Where .NET is: publishes temper with the .NET runtime in it and without libtorch, and packs that
#                                beside this script into FOLDER/temper-gpu.tar.xz (default: artifacts/gpu).
#   bench/gpu.sh run             Where the GPU is (no .NET needed): unpack the archive there and call the gpu.sh in it. libtorch and
#                                NCCL are those of the machine's Python (packages torch and nvidia-nccl-cu*), found without importing them.
#
# TorchSharp 0.107 is built against libtorch 2.10.0. Another version may lack symbols that it asks for: the script says which it found, and
# the first run fails at once, naming the symbol, where they do not go together.
#
# It makes three runs of one rank: on the processor, on the GPU with NCCL (the same spec: their losses must agree), and a t5-small in bf16
# on the GPU with NCCL for speed. It prints tokens/s, and ends with 0 if all is well. A processor and a GPU draw other dropout masks and add
# in another order: so the runs that are compared have no dropout, and agree within a tolerance, not bit for bit.
#
# Settings (environment):
#   PYTHON            the Python that has torch                          python3
#   TEMPER_LIBTORCH   folder of a libtorch, instead of Python's
#   TEMPER_NCCL       libnccl.so.2, instead of Python's
#   DEVICE            cuda; cpu for a dry run without a GPU, with a CPU libtorch and the stand-in that the tests build
#   TOLERANCE         largest difference of losses, in nats              0.01
#   WORK              where runs leave their files                       a temporary folder, kept
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
device=${DEVICE:-cuda}
tolerance=${TOLERANCE:-0.01}

die() {
  echo "gpu.sh: $*" >&2
  exit 1
}

pack() {
  local root folder
  root=$(cd "$here/.." && pwd)
  folder=${1:-$root/artifacts/gpu}
  mkdir -p "$folder"
  # Its own folder for intermediate files: the usual one is that of a build with a libtorch.
  dotnet publish "$root/src/Cli" --configuration Release --runtime linux-x64 --self-contained -p:TorchBackend=path \
    -p:ArtifactsPath="$folder/build" --output "$folder/temper" -v quiet -clp:ErrorsOnly
  cp "${BASH_SOURCE[0]}" "$folder/gpu.sh"
  XZ_DEFAULTS=-T0 tar --directory "$folder" --create --xz --file "$folder/temper-gpu.tar.xz" temper gpu.sh
  echo "$folder/temper-gpu.tar.xz: $(du -h "$folder/temper-gpu.tar.xz" | cut -f1)"
}

# The folder of the first file of that name below a package of Python's; nothing where there is none.
in_python() {
  "$python" - "$1" "$2" <<'PY'
import importlib.util, pathlib, sys
package, name = sys.argv[1:]
spec = importlib.util.find_spec(package)
for folder in (spec.submodule_search_locations or []) if spec else []:
    for file in sorted(pathlib.Path(folder).rglob(name)):
        print(file.parent)
        sys.exit()
PY
}

spec() {
  # name, size of the model (a YAML flow map), device, collective, precision, steps, batch
  cat <<YAML
name: $1
workers: 1
device: $3
collective: $4
seed: 17
threads: 4
model: $2
tasks:
  arithmetic: {builtin: arithmetic, max_examples: 2000}
training: {steps: $6, batch: $7, input_length: 64, target_length: 32, precision: $5, checkpoint_every: $6, optimizer: {learning_rate: 1e-3}}
evaluation: {final_max_examples: 20}
YAML
}

train() {
  local name=$1
  spec "$@" >"$work/$name.yaml"
  echo "== $name"
  "$here/temper/temper" run "$work/$name.yaml" --output "$work/$name" >"$work/$name.txt" 2>&1 || {
    tail -n 30 "$work/$name.txt" >&2
    cat "$work/$name"/logs/*rank*.log >&2 2>/dev/null || true
    die "the run '$name' failed; its files are in $work/$name"
  }
  grep -h 'computes on' "$work/$name"/logs/*rank-0.log
  "$python" - "$work/$name/report.json" <<'PY'
import json, sys
report = json.load(open(sys.argv[1]))
print(f"{report['tokens_per_s']:.0f} tokens/s, {report['seconds']:.1f} s for {report['steps']} steps, last loss {report['final_loss']:.4f}")
PY
}

compare() {
  "$python" - "$1/losses.jsonl" "$2/losses.jsonl" "$tolerance" <<'PY'
import json, sys
one, other = ([json.loads(line)["loss"] for line in open(path)] for path in sys.argv[1:3])
worst = max(abs(a - b) for a, b in zip(one, other))
alike = len(one) == len(other) and worst <= float(sys.argv[3])
print(f"{len(one)} and {len(other)} losses; the largest difference is {worst:.2e} nats, {sys.argv[3]} is allowed: {'alike' if alike else 'NOT ALIKE'}")
sys.exit(0 if alike else 1)
PY
}

run() {
  [[ -x $here/temper/temper ]] || die "there is no temper beside this script; make the archive with 'bench/gpu.sh pack' and unpack it here"
  if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader
  elif [[ $device == cuda ]]; then
    die "there is no nvidia-smi, so no GPU driver; DEVICE=cpu makes a dry run"
  fi

  TEMPER_LIBTORCH=${TEMPER_LIBTORCH:-$(in_python torch libtorch_cpu.so)}
  [[ -n $TEMPER_LIBTORCH ]] || die "$python has no package torch; name the folder of a libtorch in TEMPER_LIBTORCH"
  local nccl
  nccl=$(in_python nvidia libnccl.so.2)
  TEMPER_NCCL=${TEMPER_NCCL:-${nccl:+$nccl/libnccl.so.2}}
  [[ -n $TEMPER_NCCL ]] || die "$python has no package nvidia-nccl; name libnccl.so.2 in TEMPER_NCCL"
  # Not needed as such (libtorch finds its own), but which one it is explains much when something does not load.
  local cudart
  cudart=$(in_python nvidia 'libcudart.so.*')
  export TEMPER_LIBTORCH TEMPER_NCCL
  # The task needs no language data, and the machine may have none.
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
  echo "libtorch: $TEMPER_LIBTORCH ($("$python" -c 'import importlib.metadata as m; print("torch", m.version("torch"))' 2>/dev/null || echo 'version unknown'))"
  echo "NCCL:     $TEMPER_NCCL"
  echo "cudart:   ${cudart:-not below Python}"

  work=${WORK:-$(mktemp -d -t temper-gpu-XXXXXX)}
  mkdir -p "$work"
  echo "files:    $work"
  local mini='{d_model: 128, d_ff: 256, d_kv: 32, heads: 4, layers: 2, dropout: 0, embedding_std: 0.02}'
  train processor "$mini" cpu ring fp32 40 64
  train gpu "$mini" "$device" nccl fp32 40 64
  grep -q "computes on $device and exchanges by NCCL" "$work"/gpu/logs/*rank-0.log || die "the run 'gpu' was not on $device with NCCL"
  compare "$work/processor" "$work/gpu"
  if [[ $device == cuda ]]; then
    train speed '{size: t5-small}' cuda nccl bf16 60 256
  fi
}

case ${1:-} in
  pack) pack "${@:2}" ;;
  run) run ;;
  *) die "usage: gpu.sh pack [FOLDER] | gpu.sh run" ;;
esac
