#!/bin/bash
# Complete every prompt of a file, one per line, and save each completion in a file of its own.
#
#   bash solutions/02-text-generation/batch_generate.sh PROMPTS FOLDER [OPTION...]
#
# Run it in the folder of the course. What follows FOLDER goes to text_generation.py, for example --max-tokens 40.
# All prompts go to one process: starting vLLM takes seconds, and a batch takes little longer than one prompt.
set -euo pipefail

if [ $# -lt 2 ]; then
    echo "batch_generate.sh: arguments must be PROMPTS and FOLDER, got $#. Give a file of prompts and a folder." >&2
    exit 2
fi
prompts=$1 folder=$2 python=${PYTHON:-python}
shift 2

if [ ! -r "$prompts" ]; then
    echo "batch_generate.sh: PROMPTS must be a file that can be read, got '$prompts'. Check the path." >&2
    exit 2
fi

mkdir -p -- "$folder"
"$python" lessons/02-text-generation/text_generation.py \
    --prompts-file "$prompts" --output "$folder/all.json" "$@"
"$python" - "$folder" <<'PYTHON'
import json, pathlib, sys

folder = pathlib.Path(sys.argv[1])
results = json.loads((folder / "all.json").read_text("utf-8"))["results"]
for place, result in enumerate(results, start=1):
    (folder / f"{place:03}.txt").write_text(result["text"] + "\n", encoding="utf-8")
PYTHON
