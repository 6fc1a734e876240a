#!/usr/bin/env bash
# Installs a release of the zero-knowledge circuits that real Nomos nodes need.
set -euo pipefail

readonly VERSION_DEFAULT=v0.3.1
readonly RELEASES=https://github.com/logos-co/nomos-circuits/releases/download
readonly ATTEMPTS=3 # at a download; each goes on where the one before stopped

usage() {
    cat <<END
Usage: scripts/setup-nomos-circuits.sh [--sha256 SUM] [VERSION] [DIRECTORY]

Installs VERSION (default $VERSION_DEFAULT) into DIRECTORY (default ~/.nomos-circuits, where nodes and assay
look for it; for another one set NOMOS_CIRCUITS to it). Nothing is installed unless its SHA-256 is
known; it is taken from the first of
  --sha256 SUM            64 hex digits, or a file as sha256sum writes it
  NOMOS_CIRCUITS_SHA256   the same
  scripts/nomos-circuits.sha256  a file as sha256sum writes it, if you keep one
  <archive>.sha256        beside the archive: tells a damaged download, but comes from where that comes from

DIRECTORY is there whole or not at all, whenever this is stopped. Run it again and it goes on.

Environment:
  NOMOS_CIRCUITS_URL             where the archive is, instead of $RELEASES/VERSION;
                                 file:///some/directory works without a network
  NOMOS_CIRCUITS_PLATFORM        instead of this machine's, e.g. linux-x86_64
  NOMOS_CIRCUITS_NONINTERACTIVE  1: replace another version without asking
  GITHUB_TOKEN                   sent to github.com with the request
END
}

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "setup-nomos-circuits: $*"
    exit 1
}

detect_platform() {
    local os machine
    os=$(uname -s) machine=$(uname -m)
    [ "$os" = Linux ] || fail "there are no circuits for $os here; set NOMOS_CIRCUITS_PLATFORM to insist"
    case "$machine" in
    x86_64) echo linux-x86_64 ;;
    aarch64 | arm64) echo linux-aarch64 ;;
    *) fail "there are no circuits for $machine; set NOMOS_CIRCUITS_PLATFORM to insist" ;;
    esac
}

# The sum for $archive in what was given: 64 hex digits, or a file with "SUM  NAME" lines. Prints nothing when the
# file does not have it.
sum_from() {
    local given=$1
    if [[ $given =~ ^[0-9a-fA-F]{64}$ ]]; then
        echo "${given,,}"
        return
    fi
    [ -f "$given" ] || fail "the checksum '$given' is neither 64 hex digits nor a file"
    awk -v name="$archive" '
        { file = $2; sub(/^\*/, "", file); sub(/.*\//, "", file) }
        length($1) == 64 && $1 ~ /^[0-9a-fA-F]+$/ && (file == name || (NF == 1 && NR == 1)) { print tolower($1); exit }
    ' "$given"
}

# fetch FILE URL: fetches URL into FILE, going on where FILE ends. Explains a failure that another try cannot mend;
# returns 1 for those it can.
fetch() {
    local file=$1 url=$2 code=0 answer=''
    local -a options=(--fail --location --silent --show-error --connect-timeout 20 --speed-limit 1 --speed-time 60
        --continue-at - --output "$file" --write-out '%{http_code}')
    if [ -n "${GITHUB_TOKEN:-}" ] && [[ $url == https://github.com/* ]]; then
        # Through a file descriptor, so that the token is on no command line.
        options+=(--config <(printf 'header = "authorization: Bearer %s"\n' "$GITHUB_TOKEN"))
    fi
    answer=$(curl "${options[@]}" "$url") || code=$?
    case "$code/$answer" in
    0/*) return 0 ;;
    [567]/*) offline "$url" ;;
    22/404 | 22/410 | 37/*) fail "$url is not there: is there a release $version for $platform?" ;;
    22/401 | 22/403) fail "$url may not be fetched (HTTP $answer); GITHUB_TOKEN may help" ;;
    22/416 | 33/* | 36/*) # the server cannot go on from there
        : >"$file"
        return 1
        ;;
    *) return 1 ;;
    esac
}

# A beginning of the archive is kept for the next run; without one there is nothing to leave behind.
tidy() { [ -s "$work/archive" ] || rm -rf -- "${stage:?}"; }

offline() {
    tidy
    fail "$1 cannot be reached. Without a network: on a machine that has one, fetch
  $archive
of $RELEASES/$version
into some directory, bring it here with its checksum, and run
  NOMOS_CIRCUITS_URL=file:///that/directory $0 --sha256 SUM $version $directory"
}

is_right() { # is_right FILE: does it have the sum that is wanted?
    [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$wanted" ]
}

find_sum() {
    local given=${sum:-${NOMOS_CIRCUITS_SHA256:-}} listed=${BASH_SOURCE[0]%/*}/nomos-circuits.sha256 code=0
    wanted=''
    if [ -n "$given" ]; then
        wanted=$(sum_from "$given")
        [ -n "$wanted" ] || fail "$given has no checksum of $archive"
        return
    fi
    if [ -f "$listed" ]; then
        wanted=$(sum_from "$listed")
        [ -z "$wanted" ] || return 0
    fi
    rm -f -- "$work/archive.sha256"
    curl --fail --location --silent --connect-timeout 20 --output "$work/archive.sha256" "$url.sha256" || code=$?
    case $code in
    0) wanted=$(sum_from "$work/archive.sha256") ;;
    [567]) offline "$url.sha256" ;;
    esac
    [ -n "$wanted" ] || tidy
    [ -n "$wanted" ] || fail "no checksum of $archive is known, and what cannot be checked is not installed.
Give it with --sha256 SUM or NOMOS_CIRCUITS_SHA256, or put $archive.sha256 beside the archive"
    say "checksum from $url.sha256: it tells a damaged download, not a forged one"
}

download() {
    local file=$work/archive attempt
    # What was fetched while another sum was wanted is the beginning of another file.
    if [ "$(cat -- "$work/sum" 2>/dev/null)" != "$wanted" ]; then
        rm -f -- "$file"
        printf '%s\n' "$wanted" >"$work/sum"
    fi
    if is_right "$file"; then
        return
    fi
    for ((attempt = 0; attempt < ATTEMPTS; attempt++)); do
        sleep "$attempt"
        say "fetching $url$([ -s "$file" ] && echo " from byte $(stat -c %s "$file") on")"
        if fetch "$file" "$url"; then
            is_right "$file" && return
            # Whole, but wrong: nothing of it is worth keeping.
            local got
            got=$(sha256sum <"$file" | cut -d ' ' -f 1)
            rm -f -- "$file"
            fail "$archive has the SHA-256 $got, and $wanted is wanted. Nothing was installed.
Either the download was tampered with or damaged, or the checksum is of another file"
        fi
    done
    fail "$url could not be fetched in $ATTEMPTS attempts. Nothing was installed; run this again, and it goes on at byte \
$(stat -c %s "$file" 2>/dev/null || echo 0)"
}

# The archive has one directory with everything in it.
unpack() {
    local tree=$stage/tree file
    rm -rf -- "${stage:?}/tree"
    mkdir -- "$tree"
    if tar -tzf "$work/archive" | grep -E '(^|/)\.\.(/|$)|^/' >&2; then
        fail "$archive has names that lead out of it. Nothing was installed"
    fi
    tar -xzf "$work/archive" -C "$tree" --strip-components=1 --no-same-owner --no-same-permissions ||
        fail "$archive cannot be unpacked. Nothing was installed"
    for file in prover zksign/witness_generator; do
        if ! [ -f "$tree/$file" ] || ! [ -x "$tree/$file" ]; then
            fail "$archive has no program $file: these are no circuits. Nothing was installed"
        fi
    done
    for file in zksign/proving_key.zkey zksign/verification_key.json; do
        [ -s "$tree/$file" ] || fail "$archive has no $file: these are no circuits. Nothing was installed"
    done
    printf '%s\n' "$version" >"$tree/VERSION"
    printf '%s\n%s\n%s\n' "$version" "$platform" "$wanted" >"$tree/$mark"
    sync -f "$tree"
}

# One rename in, or two when there is something to replace. Stopped between the two, the next run begins with recover.
put_in_place() {
    if [ -e "$directory" ]; then
        mv -T -- "$directory" "$stage/old"
    fi
    mv -T -- "$stage/tree" "$directory"
}

recover() {
    if [ -d "$stage/old" ] && [ ! -e "$directory" ]; then
        mv -T -- "$stage/old" "$directory"
    fi
}

may_replace() {
    local answer
    [ -e "$directory" ] || return 0
    [ -d "$directory" ] || fail "$directory is no directory"
    [ -n "$(ls -A -- "$directory")" ] || return 0
    [ -f "$directory/$mark" ] ||
        fail "$directory was not installed by this script, so it is left alone; name another directory, or remove it"
    if [ "${NOMOS_CIRCUITS_NONINTERACTIVE:-}" = 1 ]; then
        return 0
    fi
    [ -t 0 ] || fail "$directory has version $(head -n 1 "$directory/$mark"); set NOMOS_CIRCUITS_NONINTERACTIVE=1 to replace it"
    read -r -p "$directory has version $(head -n 1 "$directory/$mark"). Replace it by $version? [y/N] " answer
    [[ $answer == [yY]* ]] || fail "left as it was"
}

sum=''
words=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --sha256)
        [ $# -ge 2 ] || fail "--sha256 needs a checksum or a file"
        sum=$2
        shift
        ;;
    --sha256=*) sum=${1#*=} ;;
    -*) fail "there is no option $1; see --help" ;;
    *) words+=("$1") ;;
    esac
    shift
done
[ "${#words[@]}" -le 2 ] || fail "too many arguments; see --help"
[ "${NOMOS_CIRCUITS_REBUILD_RAPIDSNARK:-0}" = 0 ] ||
    fail "NOMOS_CIRCUITS_REBUILD_RAPIDSNARK: the prover is not built here; build rapidsnark and copy it to DIRECTORY/prover"
for program in curl tar sha256sum flock awk; do
    command -v "$program" >/dev/null || fail "the program $program is missing"
done

version=${words[0]:-$VERSION_DEFAULT}
[[ $version =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || fail "'$version' is no version"
directory=${words[1]:-${HOME:?HOME is not set; name a directory}/.nomos-circuits}
directory=$(realpath -m -- "$directory")
[ "$directory" != / ] || fail "the root directory is not a place for circuits"
platform=${NOMOS_CIRCUITS_PLATFORM:-$(detect_platform)}
[[ $platform =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || fail "'$platform' is no platform"
archive=nomos-circuits-$version-$platform.tar.gz
url=${NOMOS_CIRCUITS_URL:-$RELEASES/$version}
url=${url%/}/$archive
mark=.nomos-circuits
stage=${directory%/*}/.${directory##*/}.setup # beside the directory, so that the last step is a rename
work=$stage/$version-$platform                # two versions do not share a download

mkdir -p -- "$work" || fail "$work cannot be made"
exec 9>"$stage/lock"
if ! flock -n 9 || ! [ "$stage/lock" -ef /proc/self/fd/9 ]; then # it may be that of one who has just finished
    fail "another setup-nomos-circuits.sh is at work on $directory"
fi
recover
if [ -f "$directory/$mark" ] && [ "$(head -n 2 "$directory/$mark")" = "$version"$'\n'"$platform" ]; then
    say "$directory has $version for $platform already"
    rm -rf -- "${stage:?}"
    exit 0
fi
may_replace
find_sum
download
unpack
put_in_place
rm -rf -- "${stage:?}"
say "$version for $platform is in $directory"
[ "$directory" = "${HOME:-}/.nomos-circuits" ] || say "  export NOMOS_CIRCUITS=$directory"
