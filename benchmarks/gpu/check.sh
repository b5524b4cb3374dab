#!/usr/bin/env bash
# Checks and measures this project on a machine with an NVIDIA GPU.
#
#   benchmarks/gpu/check.sh wheels FOLDER
#       Where there is a package index: collect, for Python 3.12, what a machine lacks that has
#       torch with triton, numpy, scipy, pandas, tabulate, rich, matplotlib, OpenCV, pytest and
#       hypothesis. Notes the commit too, for a machine that gets a copy without its history.
#
#   benchmarks/gpu/check.sh run OUT [--wheels FOLDER] [--minutes 9] [--python python3] [--tests no]
#       On the machine with the GPU: the tests of all kernels and models, in every dtype; whole
#       models, the most telling first; kernels one by one. Results are CSV and Markdown under OUT,
#       what is printed on the way is in OUT/log.txt. Ends after so many minutes. Run it again to go
#       on where it stopped; it exits with 0 when all is done, with 3 when something is left, and
#       with 2 when something failed. Without the tests, models are still compared with theirs
#       before they are timed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Without dependencies, and all of pure Python: any machine takes them.
WHEELS=(mmengine==0.10.7 mmcv-lite==2.1.0 mmsegmentation==1.2.2 tomesd==0.1.3 addict ftfy
    platformdirs prettytable 'setuptools>=77.0.3,<82' termcolor 'wcwidth<0.3' yapf)

die() {
    echo "gpu/check.sh: $*" >&2
    exit 2
}

# Tells one state of the code from another.
state() {
    find mmseg_tome benchmarks tests tools -type f \( -name '*.py' -o -name '*.sh' \) | LC_ALL=C sort |
        xargs cat | sha1sum | cut -c1-12
}

wheels() {
    [[ -n ${1:-} ]] || die 'wheels: give the folder to put them into'
    python3 -m pip wheel --no-deps --wheel-dir "$1" "${WHEELS[@]}"
    for wheel in "$1"/*.whl; do
        [[ $wheel == *-none-any.whl ]] || die "$wheel is not pure Python: pin another version"
    done
    echo "$(git describe --always --dirty --exclude='*') $(state)" > "$1/COMMIT"
}

# The commit noted beside the wheels, for tables; marked where the code has changed since.
noted_commit() {
    local commit noted_state
    read -r commit noted_state < "$1/COMMIT"
    [[ $noted_state == "$(state)" ]] || commit=${commit%-dirty}-dirty
    echo "$commit"
}

run() {
    [[ -n ${1:-} && $1 != --* ]] || die 'run: give the folder for the results'
    mkdir -p "$1"
    out=$(cd "$1" && pwd) folder= minutes=9 python=python3 tests=yes
    shift
    while (($#)); do
        [[ $# -ge 2 ]] || die "$1 needs a value"
        case $1 in
            --wheels) folder=$2 ;;
            --minutes) minutes=$2 ;;
            --python) python=$2 ;;
            --tests) tests=$2 ;;
            *) die "$1 is unknown; there are --wheels, --minutes, --python and --tests" ;;
        esac
        shift 2
    done
    [[ $minutes =~ ^[1-9][0-9]*$ ]] || die "--minutes $minutes: give a whole number of minutes"
    [[ $tests == yes || $tests == no ]] || die "--tests $tests: give yes or no"
    # The checkout comes first: a wheel may bring a package `tests` of its own.
    export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1
    if [[ -n $folder ]]; then
        site=$(mktemp -d)
        trap 'rm -rf "$site"' EXIT
        "$python" -m pip install -q --no-index --no-deps --no-compile --target "$site" "$folder"/*.whl
        export PYTHONPATH=$PWD:$site${PYTHONPATH#"$PWD"}
        [[ -e .git || ! -e $folder/COMMIT ]] || export MMSEG_TOME_COMMIT=$(noted_commit "$folder")
    fi
    "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' ||
        die "$python has a torch that sees no GPU"

    failed=()
    [[ $tests == no ]] || check
    # What matters first: which preset pays, on B5 with a batch of 8 as in the paper.
    bench --models b5 --sizes 1024x1024 --batch 8 --dtypes bf16 --columns \
        'ours none' 'ours hq' 'ours hq_weighted' 'ours balanced' 'ours n2d_2x2' \
        'graphed none' 'graphed hq' 'graphed hq_weighted' 'graphed balanced' 'graphed n2d_2x2'
    kernels first --dtypes bf16 --steps 'windowed match' 'weighted attention' \
        'unweighted attention' 'weighted attention and backward' norm
    # All models, as in the paper.
    bench --models b5 --sizes 1024x1024 --batch 8 --dtypes bf16
    bench --models b5 --sizes 2048x1024 --batch 8 --dtypes bf16
    bench --models b5 --sizes 1024x1024 --batch 8 --dtypes fp32
    profiles
    bench --models b5 --sizes 3840x2160 --batch auto --dtypes bf16 fp32
    bench --models b5 --sizes 2048x1024 --batch auto --dtypes fp32 bf16
    kernels others --steps match 'windowed match' assign merge unmerge depthwise \
        'depthwise and backward' norm 'norm and backward'
    bench --train --models b5 b0 --sizes 1024x1024 --batch 4 --dtypes bf16 fp32
    bench --models b0 b2 --sizes 1024x1024 2048x1024 3840x2160 --batch auto --dtypes bf16 fp32
    bench --models b5 b2 b0 --sizes 512x512 640x640 --batch auto --dtypes bf16 fp32
    bench --models b5 --sizes 1024x1024 --batch auto --dtypes bf16 fp32
    where_merging_pays
    engines
    bench --train --models b2 --sizes 768x768 --batch 4 --dtypes bf16 fp32
    bench --models b5 --sizes 1024x1024 2048x1024 --batch 8 --dtypes fp16 tf32
    bench --models b2 --sizes 1024x1024 --batch 8 --dtypes bf16 --columns 'ours none' 'ours hq' \
        'graphed none' 'graphed hq' 'compiled none' 'compiled hq'
    results
    ((${#failed[@]} == 0)) || die "the rest is done, see $out; these failed: ${failed[*]}"
    echo "gpu/check.sh: all done, see $out"
}

# Nothing is timed before it is right, as the code is now.
check() {
    local passed="all passed, state $(state)" workers=()
    grep -qsF "$passed" "$out/tests.txt" && return
    # Compiling kernels takes longer than running them, and goes on beside other tests.
    "$python" -c 'import xdist' 2> /dev/null && workers=(-n 8)
    limited env OMP_NUM_THREADS=2 "$python" -m pytest -q -p no:cacheprovider "${workers[@]}" \
        tests/ops tests/merging tests/models/test_cuda_graphs.py tests/test_normalize.py \
        tests/analysis/test_graphs.py tests/benchmarks/test_kernels.py \
        tests/benchmarks/test_weighted_attention.py \
        > "$out/tests.txt" || {
        tail -n 60 "$out/tests.txt"
        die "a test fails, see $out/tests.txt; --tests no measures all the same"
    }
    report "$(tail -n 1 "$out/tests.txt")"
    echo "$passed" >> "$out/tests.txt"
}

# Exported to TensorRT, where that is installed.
engines() {
    [[ ! -e $out/engines.md ]] || return 0
    "$python" -c 'import tensorrt, onnxscript' 2> /dev/null || return 0
    limited "$python" -m benchmarks.gpu.engines > "$out/engines.partial" ||
        { failed+=(engines) && return 0; }
    mv "$out/engines.partial" "$out/engines.md"
    report engines
}

# Where the time of B5 goes, per stage and step.
profiles() {
    local strategy
    for strategy in none hq balanced; do
        [[ ! -e $out/profile-$strategy.txt ]] || continue
        COLUMNS=120 limited "$python" tools/profile_model.py --model b5 --strategy "$strategy" \
            --device cuda --dtype bf16 --batch 8 > "$out/profile.partial" ||
            { failed+=("profile $strategy") && continue; }
        mv "$out/profile.partial" "$out/profile-$strategy.txt"
        report "profile $strategy"
    done
}

# Measure some kernels, into a folder of their own.
kernels() {
    [[ ! -e $out/kernels/$1 ]] || return 0
    limited "$python" tools/benchmark_kernels.py --device cuda --out "$out/kernels/$1" "${@:2}" \
        >> "$out/log.txt" || failed+=("kernels $1")
    report "kernels $1"
}

where_merging_pays() {
    [[ ! -e $out/break_even ]] || return 0
    limited "$python" tools/break_even.py --device cuda --dtype bf16 --out "$out/break_even" \
        >> "$out/log.txt" || failed+=(break_even)
    report break_even
}

seconds_left() {
    echo $((60 * minutes - SECONDS))
}

# Run a command for as long as there is time; what it has written by then is kept.
limited() {
    local left code=0
    left=$(seconds_left)
    ((left > 20)) || stop
    timeout "$left" "$@" || code=$?
    ((code != 124)) || stop
    return $code
}

# Measure whole models, but for cells that were measured before.
bench() {
    local left code
    while true; do
        left=$(seconds_left)
        ((left >= 120)) || stop
        code=0
        # No cell is started in the last 80 s, and none may take all of the time that is left.
        limited "$python" tools/benchmark.py --device cuda --out "$out" --cell-minutes 4 \
            --minutes "$(((left - 80) / 60)).$(((left - 80) % 60 * 10 / 60))" "$@" \
            >> "$out/log.txt" || code=$?
        # 3: something is left, for want of time, or because the GPU was in an error that ends with
        # the process. What caused it was noted, and is not tried again.
        ((code == 3)) || break
    done
    ((code == 0)) || failed+=("[$*]")
    report "$@"
}

report() {
    echo "gpu/check.sh: $SECONDS s: $*"
}

# What was found so far, in a few lines.
results() {
    [[ ! -e $out/benchmark.md ]] || sed '/^## /,$d' "$out/benchmark.md"
}

stop() {
    results
    ((${#failed[@]} == 0)) || echo "gpu/check.sh: these failed: ${failed[*]}" >&2
    echo 'gpu/check.sh: out of time; run it again to go on' >&2
    exit 3
}

case ${1:-} in
    wheels) wheels "${@:2}" ;;
    run) run "${@:2}" ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit 2 ;;
esac
