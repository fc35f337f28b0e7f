#!/usr/bin/env bash
# Makes .venv with everything that the demo, the tests and the linters need; does nothing when it is up to date.
#
#   PYTHON=python3.11 tools/setup_environment.sh
#
# Detectron2: an importable one, in .venv or in $PYTHON's own packages, is kept as it is. Otherwise a redistribution of
# its main branch is unpacked: its wheel is tagged for Python 3.10 because of a compiled part that D&T never uses.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
VENV=.venv
STAMP=$VENV/.installed
# By Python: macOS has no sha256sum.
want=$(cat pyproject.toml tools/setup_environment.sh |
    "$PYTHON" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$want" ]; then exit 0; fi

"$PYTHON" -c 'import sys; assert sys.version_info >= (3, 11), f"Python 3.11 or newer is needed, this is {sys.version}"'
has_detectron2() { "$1" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("detectron2") is None)'; }

# Also after an interruption: a half-made .venv has no pip yet.
if ! $VENV/bin/python -m pip --version >/dev/null 2>&1; then
    if has_detectron2 "$PYTHON"; then
        echo "== $PYTHON has Detectron2: .venv will use its packages"
        "$PYTHON" -m venv --system-site-packages $VENV
        # Where $PYTHON is a virtual environment itself, that option means the packages of the Python below it.
        if ! has_detectron2 $VENV/bin/python; then
            site=$($VENV/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
            "$PYTHON" -c 'import sysconfig
for path in sorted({sysconfig.get_paths()[kind] for kind in ("purelib", "platlib")}):
    print(f"import site; site.addsitedir({path!r})")' >"$site/zz_packages_below.pth"
        fi
    else
        "$PYTHON" -m venv $VENV
    fi
fi
pip() { $VENV/bin/python -m pip --disable-pip-version-check "$@" 2> >(grep -v -e 'is ignored: it is neither' >&2); }

if ! has_detectron2 $VENV/bin/python; then
    echo "== installing PyTorch and Detectron2 (about 6 GB on disk)"
    # torch and torchvision must be a pair from one index; detectron2.model_zoo imports pkg_resources, hence setuptools<81.
    pip install -q --progress-bar on torch==2.14.1 torchvision==0.29.1 'setuptools<81'
    site=$($VENV/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
    pip install -q --no-deps --only-binary=:all: --python-version 3.10 --implementation cp --abi none --platform any \
        --target "$site" sal-detectron2==0.7.2
fi
echo "== installing dnt_d2 and what it uses"
# The second line is what Detectron2 itself imports.
pip install -q --progress-bar on -e '.[dev]' \
    'iopath>=0.1.7,<0.1.11' 'omegaconf<2.4' hydra-core termcolor yacs tabulate cloudpickle packaging 2>&1 |
    { grep -v -e 'sal-detectron2' -e 'dependency resolver does not currently' || true; } # pip's own failure still ends this
# Both ask for opencv-python, whose windows need system libraries, and which would be unpacked over the headless one.
pip install -q --no-deps 'trackeval>=1.3' 'trackers>=2.6,<3'
$VENV/bin/python -c 'import detectron2, torch, dnt_d2; print(f"== ready: detectron2 {detectron2.__version__}, torch {torch.__version__}")'
echo "$want" >"$STAMP"
