# Read by the other scripts: where the repository is, which Python starts the set-up, and which one runs the rest.
# Set by the caller: here (the folder of the script).
root=$(cd "$here/.." && pwd)
cd "$root" || exit 1

start_python() {
    for name in python3 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null
        then
            echo "$name"
            return
        fi
    done
    echo "Python is missing: install Python 3.11, 3.12 or 3.13, then run this again." >&2
    exit 2
}

# setup [arguments of bootstrap.py]: a no-op when everything is there.
setup() {
    starter=$(start_python) || exit $?
    "$starter" bootstrap.py "$@" || exit $?
    python=$root/.venv/bin/python
    [ -x "$python" ] || python=$root/.venv/Scripts/python.exe
}
