#!/usr/bin/env bash
# Checks and measures this project on a machine with an NVIDIA GPU.
#
#   tools/gpu_check.sh wheels FOLDER
#       Where there is a package index: collect, for Python 3.12, what a machine lacks that has
#       torch with triton, numpy, scipy, pandas, matplotlib, OpenCV, pytest and hypothesis.
#
#   tools/gpu_check.sh run OUT [--wheels FOLDER] [--minutes 9] [--python python3]
#       On the machine with the GPU: the tests of all kernels and models, in every dtype; kernels
#       one by one; whole models, the most telling first. Results are CSV and Markdown under OUT.
#       Starts nothing new after so many minutes. Run it again to go on where it stopped; it exits
#       with 0 when all is done, and with 3 when something is left.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Without dependencies, and all of pure Python: any machine takes them.
WHEELS=(mmengine==0.10.7 mmcv-lite==2.1.0 mmsegmentation==1.2.2 tomesd==0.1.3 addict ftfy
    platformdirs prettytable termcolor 'wcwidth<0.3' yapf)

die() {
    echo "gpu_check: $*" >&2
    exit 2
}

wheels() {
    [[ -n ${1:-} ]] || die 'wheels: give the folder to put them into'
    python3 -m pip wheel --no-deps --wheel-dir "$1" "${WHEELS[@]}"
    for wheel in "$1"/*.whl; do
        [[ $wheel == *-none-any.whl ]] || die "$wheel is not pure Python: pin another version"
    done
}

run() {
    [[ -n ${1:-} && $1 != --* ]] || die 'run: give the folder for the results'
    mkdir -p "$1"
    out=$(cd "$1" && pwd) folder= minutes=9 python=python3
    shift
    while (($#)); do
        [[ $# -ge 2 ]] || die "$1 needs a value"
        case $1 in
            --wheels) folder=$2 ;;
            --minutes) minutes=$2 ;;
            --python) python=$2 ;;
            *) die "$1 is unknown; there are --wheels, --minutes and --python" ;;
        esac
        shift 2
    done
    [[ $minutes =~ ^[1-9][0-9]*$ ]] || die "--minutes $minutes: give a whole number of minutes"
    if [[ -n $folder ]]; then
        site=$(mktemp -d)
        trap 'rm -rf "$site"' EXIT
        "$python" -m pip install -q --no-index --no-deps --no-compile --target "$site" "$folder"/*.whl
        export PYTHONPATH=$site:$PWD
    else
        export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
    fi
    "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' ||
        die "$python has a torch that sees no GPU"

    # Nothing is timed before it is right, as the code is now.
    state=$(find mmseg_tome tests -name '*.py' | sort | xargs cat | sha1sum | cut -c1-12)
    if [[ ! -e $out/tests-$state.passed ]]; then
        limited "$python" -m pytest -q -p no:cacheprovider tests/ops tests/merging \
            > >(tee "$out/tests.txt") || die "a test fails, see $out/tests.txt"
        touch "$out/tests-$state.passed"
    fi
    [[ -e $out/kernels.csv ]] || limited "$python" tools/benchmark_kernels.py --out "$out" ||
        die 'the benchmark of kernels fails'

    failed=()
    bench --models b5 --sizes 1024x1024 --batch 8 --dtypes bf16 fp32
    bench --models b5 --sizes 2048x1024 3840x2160 --dtypes bf16 fp32
    bench --models b5 --sizes 1024x1024 --dtypes bf16 fp32
    bench --train --models b5 b0 --sizes 1024x1024 --batch 4 --dtypes bf16 fp32
    bench --models b0 b2 --sizes 1024x1024 2048x1024 3840x2160 --dtypes bf16 fp32
    bench --models b5 b2 b0 --sizes 512x512 640x640 --dtypes bf16 fp32
    bench --train --models b2 --sizes 768x768 --batch 4 --dtypes bf16 fp32
    bench --models b5 --sizes 1024x1024 2048x1024 --dtypes fp16
    ((${#failed[@]} == 0)) || die "the rest is done, see $out; these failed: ${failed[*]}"
    echo "gpu_check: all done, see $out"
}

seconds_left() {
    echo $((60 * minutes - SECONDS))
}

# Run a command for as long as there is time; what it has written by then is kept.
limited() {
    local left
    left=$(seconds_left)
    ((left > 0)) || stop
    timeout "$left" "$@" || { (($? == 124)) && stop || return 1; }
}

# Measure whole models, but for cells that were measured before.
bench() {
    local left
    left=$(seconds_left)
    ((left >= 120)) || stop
    limited "$python" tools/benchmark.py --device cuda --batch auto --out "$out" \
        --minutes "$((left / 60 - 1))" "$@" || {
        # It ends like this, too, when it starts no further cell for want of time.
        (($(seconds_left) >= 180)) || stop
        failed+=("[$*]")
    }
}

stop() {
    echo 'gpu_check: out of time; run it again to go on' >&2
    exit 3
}

case ${1:-} in
    wheels) wheels "${@:2}" ;;
    run) run "${@:2}" ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit 2 ;;
esac
