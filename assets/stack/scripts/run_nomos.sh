#!/bin/sh
# Starts a node in its container: fetches the configuration from cfgsync, then becomes the node.
#
#   run_nomos.sh validator|executor [WORD...]      the words go on to the node
#
# Exit status: 2 unknown role, 126 the node's program is for another kind of machine, 1 there was no
# configuration to be had, else the node's own.
set -eu

role=${1:-}
case "$role" in
validator) program=nomos-node ;;
executor) program=nomos-executor ;;
*)
    echo "run_nomos.sh: the role is '$role'; it must be validator or executor" >&2
    exit 2
    ;;
esac
shift
path=${NOMOS_PROGRAM_DIR:-/usr/bin}/$program

# Bytes 18 and 19 of an ELF file say for which machine it is (0x3e x86-64, 0xb7 arm64). A program
# for another one would fail with "not found", which says nothing.
wanted=
case "$(uname -m)" in
x86_64) wanted=62 ;;
aarch64 | arm64) wanted=183 ;;
esac
machine=$(od -An -j18 -N1 -tu1 "$path" 2>/dev/null | tr -d ' ' || true)
if [ -n "$wanted" ] && [ -n "$machine" ] && [ "$machine" != "$wanted" ]; then
    echo "run_nomos.sh: $path is for machine $machine (ELF numbers), this one is $wanted; build the image for $(uname -m)" >&2
    exit 126
fi

ip=${CFG_HOST_IP:-$(hostname -i)}
ip=${ip%% *} # the first, when there are several networks
export CFG_HOST_IP="$ip"
export CFG_HOST_KIND="$role"
export CFG_HOST_IDENTIFIER="${CFG_HOST_IDENTIFIER:-$role-$ip}"
export CFG_FILE_PATH="${CFG_FILE_PATH:-/config.yaml}"
export CFG_SERVER_ADDR="${CFG_SERVER_ADDR:-http://cfgsync:${NOMOS_CFGSYNC_PORT:-4400}}"
export NOMOS_TIME_BACKEND="${NOMOS_TIME_BACKEND:-monotonic}"
export LOG_LEVEL="${LOG_LEVEL:-INFO}"
export POL_PROOF_DEV_MODE="${POL_PROOF_DEV_MODE:-true}"
export NOMOS_KZGRS_PARAMS_PATH="${NOMOS_KZGRS_PARAMS_PATH:-${NOMOS_KZG_CONTAINER_PATH:-/kzgrs_test_params/kzgrs_test_params}}"
mkdir -p "${NOMOS_RECOVERY_DIR:-/recovery}"

tries=30
while :; do
    status=0
    "${NOMOS_PROGRAM_DIR:-/usr/bin}/cfgsync-client" || status=$?
    [ "$status" -ne 0 ] || break
    tries=$((tries - 1))
    if [ "$status" -eq 3 ] || [ "$tries" -eq 0 ]; then # 3: refused for good
        echo "run_nomos.sh: no configuration from $CFG_SERVER_ADDR, giving up" >&2
        exit 1
    fi
    sleep 3
done
exec "$path" "$CFG_FILE_PATH" "$@"
