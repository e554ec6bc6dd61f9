#!/usr/bin/env bash
# Builds the wheel, installs it (not editable) in a new environment and uses it, data included, in an empty folder.
# Usage: try_wheel.sh PYTHON, a Python that has the package `build`.
set -euo pipefail
unset PYTHONPATH PYTHONHOME  # the wheel is to be found by itself
builder=$(realpath -s "$1")
cd "$(dirname "$0")/.."
here=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$builder" -m build --wheel --sdist --outdir "$scratch/dist" . > "$scratch/build.log" 2>&1 || { cat "$scratch/build.log"; exit 1; }
"${PYTHON:-python3}" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$scratch"/dist/*.whl
mkdir "$scratch/empty"
cd "$scratch/empty"
"$scratch/venv/bin/python" - "$here" <<'PY'
import sys
import survjax as sj

assert not sj.__file__.startswith(sys.argv[1]), f"imported from the checkout: {sj.__file__}"
frame = sj.datasets.load_hard_drives()
assert frame.shape == (52422, 8), frame.shape
assert "Backblaze" in sj.datasets.about("hard_drives")
life = sj.Lifetimes.from_frame(sj.datasets.load_ball_bearings(), duration="duration", event="event")
model = sj.Weibull().fit(life)
assert abs(model.log_likelihood_ - -113.69195908769) < 1e-8, model.log_likelihood_   # R survreg
model.save("model.json")
assert sj.load("model.json").parameters_.equals(model.parameters_)
PY
"$scratch/venv/bin/survjax" --version
echo "the wheel works"
