#!/usr/bin/env bash
# nbval over the notebooks as on other machines, one after the other: tests/machines.sh [--rows 1,3] [--lesson 09,15]
# A row's Python is python3.N in PATH or one of pyenv's; it gets an environment in the user's cache, which is used again.
set -euo pipefail
cd "$(dirname "$0")/.."

ROWS=(  # Python, threads, oneDNN's own kernels, instructions
  "3.11 2 on all"
  "3.11 1 on all"
  "3.12 2 off all"
  "3.13 2 on AVX2"
  "3.13 2 off AVX2"  # for lessons 13 and 18: TensorFlow asks the processor for AVX512 and not oneDNN, and a product in bfloat16 crashes
)
AVX2=(ONEDNN_MAX_CPU_ISA=AVX2 XLA_FLAGS=--xla_cpu_max_isa=AVX2 OPENBLAS_CORETYPE=Haswell
      "NPY_DISABLE_CPU_FEATURES=X86_V4 AVX512_ICL AVX512_SPR")  # numpy's names of all that has AVX512
CACHE=${COURSE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/keras-course-kit}/machines
LOGS=runs/machines

find_python() {  # one that can make an environment: a stand-in of pyenv's in PATH may have no Python behind it
  local found
  for found in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    if "$found" -c "import ensurepip" 2>/dev/null; then echo "$found"; return; fi
  done
}

make_environment() {  # of a Python, in a folder, unless it is there with these very pins
  if ! cat requirements.txt pyproject.toml | cmp --silent - "$2/pins"; then
    "$1" -m venv --clear "$2"
    "$2/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt -e '.[dev]'
    cat requirements.txt pyproject.toml > "$2/pins"
  fi
}

run_row() {  # pytest as the words of a row say, with its own place for what XLA has compiled
  local settings=(PYTHONPATH="$PWD:$PWD/tests" COURSE_CACHE="$CACHE/$1-$2-$3-$4" OMP_NUM_THREADS="$2" OPENBLAS_NUM_THREADS="$2")
  settings+=(TF_NUM_INTRAOP_THREADS="$2" TF_NUM_INTEROP_THREADS="$2")
  if [ "$3" = off ]; then settings+=(TF_ENABLE_ONEDNN_OPTS=0); fi
  if [ "$4" = AVX2 ]; then settings+=("${AVX2[@]}"); fi
  local cores
  cores=$("$CACHE/$1/bin/python" -c "import os; print(*sorted(os.sched_getaffinity(0))[:$2], sep=',')")
  env "${settings[@]}" taskset -c "$cores" "$CACHE/$1/bin/python" -m pytest -p conftest -n 0 -rfE "${lesson[@]}" notebooks
}

count() { tail -n 1 "$log" | grep -oP "\d+(?= $1)" || echo 0; }
show() { printf "%-7s %-8s %-7s %-13s %-6s %-4s %s\n" "$@"; }

rows=$(seq -s, ${#ROWS[@]})
lesson=()
while [ $# -gt 1 ]; do
  case $1 in --rows) rows=$2 ;; --lesson) lesson=(--lesson "$2") ;; *) break ;; esac
  shift 2
done
if [ $# -gt 0 ]; then sed -n 2,3p "$0"; exit 2; fi

mkdir -p "$CACHE" "$LOGS"
show Python threads oneDNN instructions green red minutes
red=""
for row in ${rows//,/ }; do
  read -ra words <<< "${ROWS[row - 1]}"
  python=$(find_python "${words[0]}")
  if [ -z "$python" ]; then echo "${words[0]}    is not on this machine"; continue; fi
  make_environment "$python" "$CACHE/${words[0]}"
  log="$LOGS/${ROWS[row - 1]// /-}.log"
  SECONDS=0
  run_row "${words[@]}" > "$log" 2>&1 && status=0 || status=$?
  show "${words[@]}" "$(count passed)" "$(count failed)" $((SECONDS / 60))
  if [ "$status" != 0 ]; then red+="$log: pytest ended with $status"$'\n'$(grep -oP "^(FAILED|ERROR) \K.*?(?= - |$)" "$log" || true)$'\n'; fi
done
if [ -n "$red" ]; then printf "\n%s" "$red"; exit 1; fi
