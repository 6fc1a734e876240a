#!/bin/sh
# Finds what runs of this machine have left in the cluster of the current context, in any namespace, by the labels that
# deployer k8s puts on everything.
#
#   kubernetes.sh list|remove [LIVE-RUN...]       ids of runs that are alive are passed over
set -eu

mode=$1
shift
if ! command -v kubectl >/dev/null || ! kubectl version --request-timeout=5s >/dev/null 2>&1; then
    echo 'kubernetes: kubectl reaches no cluster; nothing was looked at'
    exit 0
fi
# Journals elsewhere are not looked through, but a run that is alive has its marker in the environment of its processes.
# shellcheck disable=SC2046
set -- "$@" $(cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | sed -n 's/^ASSAY_RUN_ID=//p' | sort -u)
kinds=namespaces,statefulsets,deployments,services,configmaps,secrets
# As the deployer makes a label: the last 63 letters, without what a label may not have.
label_of() { printf %s "$1" | tail -c 63 | tr -cd 'A-Za-z0-9._-' | sed 's/^[._-]*//; s/[._-]*$//'; }
host=$(label_of "$(hostname)")

is_live() { # is_live LABEL LIVE-RUN...
    label=$1
    shift
    for run in "$@"; do
        [ "$(label_of "$run")" != "$label" ] || return 0
    done
    return 1
}

found=0
for label in $(kubectl get "$kinds" --all-namespaces --selector "io.assay.run,io.assay.host=$host" \
    --output 'jsonpath={range .items[*]}{.metadata.labels.io\.assay\.run}{"\n"}{end}' | sort -u); do
    if is_live "$label" "$@"; then
        continue
    fi
    found=$((found + 1))
    if [ "$mode" = list ]; then
        echo "kubernetes: run $label has left:"
        kubectl get "$kinds" --all-namespaces --selector "io.assay.run=$label,io.assay.host=$host" --output name |
            sed 's/^/  /'
        continue
    fi
    echo "kubernetes: removing what run $label has left"
    kubectl delete namespaces --selector "io.assay.run=$label,io.assay.host=$host" --ignore-not-found --timeout=120s
    # In namespaces that were there before.
    kubectl delete "${kinds#namespaces,}" --all-namespaces --selector "io.assay.run=$label,io.assay.host=$host" \
        --ignore-not-found --timeout=120s
done
[ "$found" -gt 0 ] || echo 'kubernetes: nothing is left of any run of this machine'
