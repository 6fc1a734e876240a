#!/bin/sh
# The first process of a node's pod: runs the node, and lets a test stop it, kill it and start it again without the pod
# being taken away, so that address and storage stay. Its state is in files:
#
#   /assay/state/hold   the node is not to run; when it ends, that was meant
#   /assay/state/node   "PID CODE AT": the process, "-" or the exit code with which it ended (128 + the signal), and when
#                       that was, in seconds since the machine's start
#
# A node that ends without having been told to ends the container, as any program does; the cluster starts it again
# and counts that.
state=/assay/state
pid=

end() {
    [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null
    wait
    exit 143
}
trap end TERM INT

# At once, so that nobody reads half of it.
say() {
    echo "$*" >"$state/node.new"
    mv "$state/node.new" "$state/node"
}

rm -f "$state/hold"
while :; do
    "$@" &
    pid=$!
    say "$pid" - 0
    wait "$pid"
    code=$?
    read -r up rest </proc/uptime
    # Looked at before the end is told: whoever waits for that takes the file away right after.
    is_held=0
    [ ! -e "$state/hold" ] || is_held=1
    say "$pid" "$code" "$up"
    [ "$is_held" = 1 ] || exit "$code"
    while [ -e "$state/hold" ]; do
        # In the background, so that TERM is not kept waiting.
        sleep 0.1 &
        wait $!
    done
done
