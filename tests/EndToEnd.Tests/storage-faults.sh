#!/usr/bin/env bash
# A disk that is full for a minute, and an output folder that cannot be read for a minute, in real time: the run must end well by itself, with
# the losses of an undisturbed run to the last bit. Needs the right to mount.
#   TEMPER=path/to/temper tests/EndToEnd.Tests/storage-faults.sh [SECONDS]
set -euo pipefail
temper=${TEMPER:-temper}
seconds=${1:-60}
work=$(mktemp -d)
mounts=()
trap 'for folder in "${mounts[@]}"; do umount -l "$folder" 2>/dev/null || true; done; rm -rf "$work"' EXIT

mkdir "$work/full"
mount -t tmpfs -o size=48m tmpfs "$work/full" 2>/dev/null || { echo "SKIPPED: mounting is refused here"; exit 0; }
mounts+=("$work/full")

cat > "$work/spec.yaml" <<'SPEC'
name: faults
model: {d_model: 32, dropout: 0.1, embedding_std: 0.02}
training:
  steps: 120
  batch: 8
  input_length: 32
  target_length: 8
  precision: fp32
  optimizer: {learning_rate: 1e-3}
  checkpoint_every: 20
evaluation: {final_max_examples: 5}
tasks:
  months: {builtin: months}
SPEC

# wait_for_checkpoint OUTPUT: until there is one, or the run has ended.
wait_for_checkpoint() {
    until compgen -G "$1/checkpoints/step-????????-epoch-[0-9]" > /dev/null || ! kill -0 "$run" 2> /dev/null; do sleep 0.1; done
}

# same_losses OUTPUT NAME
same_losses() {
    python3 - "$work/whole/losses.jsonl" "$1/losses.jsonl" "$2" <<'COMPARE'
import json, sys
def losses(path):
    return [(row["step"], row["loss"]) for row in map(json.loads, open(path)) if "loss" in row]
whole, other = losses(sys.argv[1]), losses(sys.argv[2])
assert len(whole) == 120 and whole == other, f"{sys.argv[3]}: the losses differ"
print(f"{sys.argv[3]}: {len(other)} losses are those of the undisturbed run")
COMPARE
}

"$temper" run "$work/spec.yaml" --output "$work/whole" > "$work/whole.log" 2>&1

"$temper" run "$work/spec.yaml" --output "$work/full/out" > "$work/full.log" 2>&1 &
run=$!
wait_for_checkpoint "$work/full/out"
dd if=/dev/zero of="$work/full/filler" bs=64k 2> /dev/null || true
sleep "$seconds"
rm "$work/full/filler"
wait "$run" || { cat "$work/full.log"; exit 1; }
grep -o "Tries again at.*" "$work/full.log" | sort -u | head -3 || true
same_losses "$work/full/out" "full disk"

"$temper" run "$work/spec.yaml" --output "$work/away" > "$work/away.log" 2>&1 &
run=$!
wait_for_checkpoint "$work/away"
mount -t tmpfs -o size=4k,ro tmpfs "$work/away"
mounts+=("$work/away")
sleep "$seconds"
umount -l "$work/away"
wait "$run" || { cat "$work/away.log"; exit 1; }
same_losses "$work/away" "folder away"
