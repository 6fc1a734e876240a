#!/bin/sh
# Container entry point of a validator. Words on the command line go on to the node.
exec /etc/nomos/scripts/run_nomos.sh validator "$@"
