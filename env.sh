# Source this (`. ./env.sh`) in the project's folder before a bare `ape run`.
# `waterline` sets the same variables itself: scripts/_environment.py says them in Python.
if [ ! -f "$PWD/ape-config.yaml" ]; then
  echo "env.sh: source it in the project's folder" >&2
else
  export WATERLINE_HOME="${WATERLINE_HOME:-$PWD/.waterline}"
  export APE_DATA_FOLDER="$WATERLINE_HOME/ape"
  export XDG_CACHE_HOME="$PWD/.cache"
  export VVM_BINARY_PATH="$PWD/.cache/vvm"
  case "$PATH" in
    "$PWD/.venv/bin:"*) ;;
    *) export PATH="$PWD/.venv/bin:$PATH" ;;
  esac
  if [ "$(uname)" = Linux ]; then
    export ETH_HASH_BACKEND=pysha3
  fi
  mkdir -p "$APE_DATA_FOLDER" "$VVM_BINARY_PATH"
fi
