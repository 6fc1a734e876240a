#!/bin/sh
# Removes everything that a run has made on a container engine, found by its label: containers,
# networks, volumes, images. Nothing of that label is no failure, so it may be run at any time and
# any number of times. Whoever clears away after a run calls it.
#
#   sweep.sh ENGINE RUN      e.g. sweep.sh unix:///var/run/docker.sock demo-20261123-120000-4f1a
#
# Whoever made the containers may have been killed in the middle of it, and an engine goes on with what
# it was asked for. So it looks again, a moment later, until a look finds nothing.
set -eu

if [ $# -ne 2 ] || [ -z "$2" ]; then
    echo 'usage: sweep.sh ENGINE RUN' >&2
    exit 2
fi
export DOCKER_HOST="$1"
label="label=io.assay.run=$2"
looks_max=5 # an engine that is slower than this is asked again by assay clean

# Without an engine nothing can be looked for, and "there is nothing" would be a lie.
containers() {
    docker ps -aq --filter "$label" || {
        echo "sweep.sh: the engine at $DOCKER_HOST does not answer; run it again, by assay clean, when it does" >&2
        exit 1
    }
}

# What one look finds goes. Each list is words without blanks, one an object.
# shellcheck disable=SC2086
remove() {
    [ -z "$1" ] || docker rm -fv $1 >/dev/null || return 1
    [ -z "$2" ] || docker network rm $2 >/dev/null || return 1
    [ -z "$3" ] || docker volume rm -f $3 >/dev/null || return 1
    [ -z "$4" ] || docker image rm -f $4 >/dev/null || return 1
}

look=0
problem=
while :; do
    found=$(containers)
    networks=$(docker network ls -q --filter "$label")
    volumes=$(docker volume ls -q --filter "$label")
    images=$(docker image ls -aq --filter "$label")
    [ -n "$found$networks$volumes$images" ] || exit 0
    if [ "$look" -eq "$looks_max" ]; then
        echo "sweep.sh: run $2 still has containers, networks, volumes or images after $looks_max tries" \
            "(the last one $problem); run it again, by assay clean --run $2" >&2
        exit 1
    fi
    problem='removed something'
    remove "$found" "$networks" "$volumes" "$images" || problem='failed'
    look=$((look + 1))
    sleep 1
done
