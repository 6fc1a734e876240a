#!/bin/sh
# Removes everything that a run has made on a container engine, found by its label: containers,
# networks, volumes, images. Nothing of that label is no failure, so it may be run at any time and
# any number of times. Whoever clears away after a run calls it.
#
#   sweep.sh ENGINE RUN      e.g. sweep.sh unix:///var/run/docker.sock demo-20261123-120000-4f1a
set -eu

if [ $# -ne 2 ] || [ -z "$2" ]; then
    echo 'usage: sweep.sh ENGINE RUN' >&2
    exit 2
fi
export DOCKER_HOST="$1"
label="label=io.assay.run=$2"

# Without an engine nothing can be looked for, and "there is nothing" would be a lie.
containers=$(docker ps -aq --filter "$label") || {
    echo "sweep.sh: the engine at $1 does not answer; run it again, by assay clean, when it does" >&2
    exit 1
}
# Each list is words without blanks, one an object.
# shellcheck disable=SC2086
{
    [ -z "$containers" ] || docker rm -fv $containers >/dev/null
    networks=$(docker network ls -q --filter "$label")
    [ -z "$networks" ] || docker network rm $networks >/dev/null
    volumes=$(docker volume ls -q --filter "$label")
    [ -z "$volumes" ] || docker volume rm -f $volumes >/dev/null
    images=$(docker image ls -aq --filter "$label")
    [ -z "$images" ] || docker image rm -f $images >/dev/null
}
