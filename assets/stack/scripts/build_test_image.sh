#!/usr/bin/env bash
# Makes the container image of the nodes from nothing: no registry, no base image, no network.
#
#   build_test_image.sh [--output FILE] [--no-load] [--programs DIR]
#
# The image has the static development node under the names nomos-node and nomos-executor, the
# cfgsync programs, busybox, the entry scripts, and the KZG parameters. With a bundle of the real
# node's programs (artifacts/{nomos-node,nomos-executor,nomos-cli,circuits/}) it has those instead,
# with the libraries that they load.
#
# The same inputs make the same image, byte for byte: the archive is written here, file by file and
# without times or owners, and its id is the digest of its content. The engine only loads it.
#
# options:
#   --output FILE   also keep the archive, for `ctr images import` or another engine
#   --no-load       do not load it into the engine; wants --output
#   --programs DIR  take the static programs nomos-devnode, cfgsync-server and cfgsync-client from
#                   there instead of building them. Without sources, as in an installation, those
#                   of libexec/assay/image are taken.
# environment:
#   IMAGE_TAG, NOMOS_TESTNET_IMAGE    name of the image; nomos-testnet:local
#   NOMOS_BINARIES_TAR, BUNDLE_TAR_PATH  bundle of real programs
#   CIRCUITS_OVERRIDE                 directory of circuits instead of the bundle's
#   NOMOS_KZGRS_PARAMS_PATH           KZG parameters, file or directory, else
#   NOMOS_KZG_DIR_REL, NOMOS_KZG_FILE kzgrs_test_params beside the scripts, or this directory below
#                                     the project, and kzgrs_test_params in it
#   ASSAY_IMAGE_BUILD_DIR             where programs are built; build/image below the project
set -euo pipefail
export LC_ALL=C
umask 022

here=$(cd "$(dirname "$0")" && pwd -P) # a build tree has a link to the sources' assets
stack=$(dirname "$here")
root=$(cd "$stack/../.." && pwd)
tag=${IMAGE_TAG:-${NOMOS_TESTNET_IMAGE:-nomos-testnet:local}}
bundle=${NOMOS_BINARIES_TAR:-${BUNDLE_TAR_PATH:-}}
output=
programs=
load=yes

say() { printf 'build_test_image.sh: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

while [ $# -gt 0 ]; do
    case "$1" in
    --output) output=${2:?--output wants a file} && shift 2 ;;
    --programs) programs=$(cd "${2:?--programs wants a directory}" && pwd) && shift 2 ;;
    --no-load) load=no && shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit 0 ;;
    *) say "unknown option $1; --help says what there is" && exit 2 ;;
    esac
done
[ "$load" = yes ] || [ -n "$output" ] || { say '--no-load without --output would make nothing' && exit 2; }
[ "$load" = no ] || command -v docker >/dev/null || die 'there is no docker on PATH; --no-load --output FILE does without'

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
image=$work/root

# ---- what goes into it ----

# The three static programs, into $programs. A folder of its own, since they are built in another
# way than the rest: static, optimised, without tests.
build_programs() {
    local build=${ASSAY_IMAGE_BUILD_DIR:-$root/build/image} log=$work/build.log
    say "building the programs in $build"
    mkdir -p "$build"
    exec 9>"$build/.lock" && flock 9 # for runs that start at the same time
    {
        cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
            -DASSAY_TESTS=OFF -DASSAY_BENCH=OFF -DASSAY_WERROR=OFF &&
            cmake --build "$build" --target image_programs
    } >"$log" 2>&1 9>&- || {
        tail -n 40 "$log" >&2
        die 'the programs could not be built'
    }
    programs=$build/libexec/assay/image
    [ -d "$programs" ] || die 'the static libraries (lib*.a) that the programs need are not installed: scripts/setup does that'
}

find_programs() {
    local installed=$root/../libexec/assay/image
    [ -z "$programs" ] || return 0
    if [ -f "$root/CMakeLists.txt" ]; then
        build_programs
    elif [ -d "$installed" ]; then
        programs=$(cd "$installed" && pwd)
    else
        die "neither sources at $root nor programs at $installed; make the image from a checkout of assay, with this \
script there, or give --programs"
    fi
}

# place MODE SOURCE TARGET: a file of the image.
place() { install -D -m "$1" "$2" "$image/$3"; }

place_programs() {
    local name
    for name in nomos-devnode cfgsync-server cfgsync-client; do
        [ -x "$programs/$name" ] || die "$programs/$name is missing"
        # A program that needs libraries would start nowhere in an image without any.
        if readelf -lW "$programs/$name" | grep -q INTERP; then
            die "$programs/$name is not static; it would not start in the image"
        fi
    done
    for name in cfgsync-server cfgsync-client; do
        place 755 "$programs/$name" "usr/bin/$name"
        strip "$image/usr/bin/$name"
    done
    [ -z "$bundle" ] || return 0
    place 755 "$programs/nomos-devnode" usr/bin/nomos-node
    strip "$image/usr/bin/nomos-node"
    ln -s nomos-node "$image/usr/bin/nomos-executor" # its name tells it that it is one
}

# What the real programs load, at the same paths, their loader included.
place_libraries() {
    local program library
    for program in "$@"; do
        while IFS= read -r library; do
            [ -e "$image$library" ] || place 755 "$library" "${library#/}"
        done < <(ldd "$program" 2>/dev/null | grep -o '/[^ ]*' | sort -u)
    done
}

place_bundle() {
    local name programs_found=()
    [ -f "$bundle" ] || die "NOMOS_BINARIES_TAR is $bundle, which is no file"
    mkdir "$work/bundle"
    tar -xf "$bundle" -C "$work/bundle" --no-same-owner
    for name in nomos-node nomos-executor nomos-cli; do
        if [ ! -f "$work/bundle/artifacts/$name" ]; then
            [ "$name" = nomos-cli ] && continue
            die "$bundle has no artifacts/$name"
        fi
        place 755 "$work/bundle/artifacts/$name" "usr/bin/$name"
        programs_found+=("$image/usr/bin/$name")
    done
    local circuits=${CIRCUITS_OVERRIDE:-$work/bundle/artifacts/circuits}
    if [ -d "$circuits" ]; then
        mkdir -p "$image/opt"
        cp -R -- "$circuits" "$image/opt/circuits"
        while IFS= read -r name; do programs_found+=("$name"); done < <(find "$image/opt/circuits" -type f -perm -u+x)
    else
        say "no circuits in the bundle: nodes that verify proofs will not start"
    fi
    place_libraries "${programs_found[@]}"
}

# The parameters for the commitments of data availability, where the node contract has them in an
# image and where its scripts look by default. Development nodes do not read them.
place_kzg() {
    local beside=$stack/kzgrs_test_params
    [ -z "${NOMOS_KZG_DIR_REL:-}" ] || beside=$root/$NOMOS_KZG_DIR_REL
    local from=${NOMOS_KZGRS_PARAMS_PATH:-$beside}
    [ -d "$from" ] && from=$from/${NOMOS_KZG_FILE:-kzgrs_test_params}
    if [ -f "$from" ]; then
        place 644 "$from" opt/nomos/kzg-params/kzgrs_test_params
    elif [ -n "${NOMOS_KZGRS_PARAMS_PATH:-}" ] || [ -n "$bundle" ]; then
        die "KZG parameters are not at $from; set NOMOS_KZGRS_PARAMS_PATH to the file"
    else
        mkdir -p "$image/opt/nomos/kzg-params"
        echo 'No KZG parameters were there when this image was made. Development nodes need none.' \
            >"$image/opt/nomos/kzg-params/kzgrs_test_params"
    fi
    ln -s opt/nomos/kzg-params "$image/kzgrs_test_params"
}

place_system() {
    local applet busybox
    busybox=$(command -v busybox) || die 'busybox is missing; install the package busybox-static'
    ! readelf -lW "$busybox" | grep -q INTERP || die "$busybox is not static; install the package busybox-static"
    place 755 "$busybox" bin/busybox
    for applet in sh cat cp date df echo env grep head hostname id ip kill ln ls mkdir mv nc netstat nslookup od ps \
        pwd rm sed sleep sort tail tar test top touch tr true uname vi wc wget; do
        ln -s busybox "$image/bin/$applet"
    done
    mkdir -p "$image"/{etc,proc,sys,dev,root,recovery} "$image/tmp"
    chmod 1777 "$image/tmp"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$image/etc/passwd"
    echo 'root:x:0:' >"$image/etc/group"
    echo 'hosts: files dns' >"$image/etc/nsswitch.conf"
    for applet in run_cfgsync.sh run_nomos.sh run_nomos_node.sh run_nomos_executor.sh; do
        place 755 "$here/$applet" "etc/nomos/scripts/$applet"
    done
}

# ---- the archive ----

pack() { # pack ARCHIVE DIRECTORY NAME...: the same bytes for the same files
    tar -cf "$1" -C "$2" --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "${@:3}"
}

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

architecture() {
    case "$(uname -m)" in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) die "machine $(uname -m) has no name among images yet" ;;
    esac
}

write_archive() {
    local layer config env='"PATH=/usr/bin:/bin"'
    mkdir "$work/archive"
    pack "$work/archive/layer.tar" "$image" .
    layer=$(digest "$work/archive/layer.tar")
    [ -d "$image/opt/circuits" ] && env+=',"NOMOS_CIRCUITS=/opt/circuits"'
    printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Env":[%s],%s%s},%s}' \
        "$(architecture)" "$env" \
        '"Cmd":["/etc/nomos/scripts/run_nomos_node.sh"],"WorkingDir":"/","StopSignal":"SIGINT",' \
        "\"Labels\":{\"io.assay.nodes\":\"$([ -n "$bundle" ] && echo real || echo development)\"}" \
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$layer\"]},\"history\":[{\"created\":\"1970-01-01T00:00:00Z\"}]" \
        >"$work/archive/config.json"
    config=$(digest "$work/archive/config.json")
    mv "$work/archive/config.json" "$work/archive/$config.json"
    mkdir "$work/archive/$layer"
    mv "$work/archive/layer.tar" "$work/archive/$layer/layer.tar"
    printf '[{"Config":"%s.json","RepoTags":["%s"],"Layers":["%s/layer.tar"]}]' "$config" "$tag" "$layer" \
        >"$work/archive/manifest.json"
    pack "$work/image.tar" "$work/archive" manifest.json "$config.json" "$layer"
    say "$tag is sha256:$config, $(($(stat -c %s "$work/image.tar") / 1024)) KiB"
}

find_programs
place_programs
[ -z "$bundle" ] || place_bundle
place_system
place_kzg
write_archive
[ -z "$output" ] || install -m 644 "$work/image.tar" "$output"
[ "$load" = no ] && exit 0
before=$(docker image inspect -f '{{.Id}}' "$tag" 2>/dev/null || true)
docker load -q -i "$work/image.tar" >/dev/null
# What had the name before has none now; it goes unless a container still needs it.
if [ -n "$before" ] && [ "$before" != "$(docker image inspect -f '{{.Id}}' "$tag")" ]; then
    docker image rm "$before" >/dev/null 2>&1 || true
fi
