#!/bin/sh
# Container entry point: the server that hands every node its configuration once all are known.
set -eu
exec cfgsync-server "${1:-/etc/nomos/cfgsync.yaml}"
