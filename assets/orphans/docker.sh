#!/bin/sh
# Finds what runs of this machine have left on the container engine, by the label that deployer compose puts on everything.
#
#   docker.sh list|remove [LIVE-RUN...]           ids of runs that are alive are passed over
set -eu

mode=$1
shift
if ! command -v docker >/dev/null || ! docker version >/dev/null 2>&1; then
    echo 'docker: no engine answers; nothing was looked at'
    exit 0
fi
# Journals elsewhere are not looked through, but a run that is alive has its marker in the environment of its processes.
# shellcheck disable=SC2046
set -- "$@" $(cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | sed -n 's/^ASSAY_RUN_ID=//p' | sort -u)
sweep=$(dirname "$0")/../stack/scripts/sweep.sh
engine=${DOCKER_HOST:-unix:///var/run/docker.sock}

is_live() { # is_live RUN LIVE-RUN...
    wanted=$1
    shift
    for run in "$@"; do
        [ "$run" != "$wanted" ] || return 0
    done
    return 1
}

# Containers of a cluster's pods may have the label too, and are the cluster's.
found=0
for run in $({
    docker ps --all --filter label=io.assay.run --format '{{.Label "io.kubernetes.pod.name"}}|{{.Label "io.assay.run"}}' |
        sed -n 's/^|//p'
    docker network ls --filter label=io.assay.run --format '{{.Label "io.assay.run"}}'
    docker volume ls --filter label=io.assay.run --format '{{.Label "io.assay.run"}}'
} | sort -u); do
    if is_live "$run" "$@"; then
        continue
    fi
    found=$((found + 1))
    if [ "$mode" = list ]; then
        echo "docker: run $run has left:"
        docker ps --all --filter "label=io.assay.run=$run" --format '  container {{.Names}}'
        docker network ls --filter "label=io.assay.run=$run" --format '  network {{.Name}}'
        docker volume ls --filter "label=io.assay.run=$run" --format '  volume {{.Name}}'
        continue
    fi
    echo "docker: removing what run $run has left"
    "$sweep" "$engine" "$run"
done
[ "$found" -gt 0 ] || echo 'docker: nothing is left of any run'
