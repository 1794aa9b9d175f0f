#!/usr/bin/env bash
# What breaks on the newest version of everything: tests/canary.sh [--lesson 09,15] [--folder FOLDER]
# It is installed afresh; in FOLDER it is kept, and the next call with the same FOLDER runs on it.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=""
lesson=()
while [ $# -gt 1 ]; do
  case $1 in --folder) folder=$2 ;; --lesson) lesson=(--lesson "$2") ;; *) break ;; esac
  shift 2
done
if [ $# -gt 0 ]; then sed -n 2,3p "$0"; exit 2; fi
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi

pins() { sed -nE 's/^ *"?([A-Za-z][][A-Za-z0-9_.-]*)==([^", ]+).*/\1 \2/p' requirements.txt pyproject.toml; }

if [ ! -e "$folder/whole" ]; then
  python3 -m venv --clear "$folder"
  pins | cut -d " " -f 1 | xargs "$folder/bin/pip" install --upgrade --quiet --disable-pip-version-check
  "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -e .
  touch "$folder/whole"
fi

printf "%-26s %-12s %s\n" package pinned newest
pins | while read -r package pinned; do
  newest=$("$folder/bin/python" -c "import importlib.metadata as m; print(m.version('${package%[*}'))")
  if [ "$newest" != "$pinned" ]; then printf "%-26s %-12s %s\n" "$package" "$pinned" "$newest"; fi
done

red=0
check() {  # run tests, one a name, and print each name with its result
  local log="$folder/pytest.log" status=0
  printf "\n%-26s %s\n" "$1" result
  COLUMNS=180 PYTHONPATH=$PWD:$PWD/tests "$folder/bin/python" -m pytest -n 0 -rA "${@:2}" > "$log" 2>&1 || status=$?
  sed -nE 's/^(PASSED|FAILED|ERROR) [^[]*\[([^]]+)\]( - )?(.*)/\2 \1 \4/p' "$log" | while read -r name result why; do
    if [ "$1" = lesson ] || [ "$result" != PASSED ]; then printf "%-26s %-7s %s\n" "$name" "${result,,}" "$why"; fi
  done
  tail -n 1 "$log"
  if [ $status != 0 ]; then
    red=1
    mkdir -p runs
    cp "$log" "runs/canary-$1.log"
  fi
}
check lesson "${lesson[@]}" tests/test_smoke.py::test_runs_at_the_smoke_profile
check name tests/test_private_names.py::test_it_is_there
exit $red
