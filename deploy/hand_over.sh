#!/bin/bash
# Hands scores and the bundles they were made with over to the folder that the service reads.
# hand_over.sh FROM MAKER TO SERVER: what the account MAKER can read below FROM, the account SERVER writes below TO.
# Bundles first, then serving.db by one rename: the service takes the new pair over whole, or goes on with the old one.
set -euo pipefail
umask 077
[ $# -eq 4 ] || { echo "usage: hand_over.sh FROM MAKER TO SERVER" >&2; exit 2; }
from=$1 maker=$2 to=$3 server=$4

as() {
    local account=$1
    shift
    setpriv --reuid "$account" --regid "$(id -g "$account")" --clear-groups --no-new-privs "$@"
}

clear_incoming() { as "$server" rm -rf "$to/.incoming"; }

clear_incoming
trap clear_incoming EXIT
as "$server" mkdir -p "$to/.incoming/bundles" "$to/bundles"
as "$maker" bash -c '
    set -euo pipefail
    cd "$1"
    find bundles -maxdepth 1 -type d -regextype posix-extended -regex "bundles/[0-9a-f]{12}" -print0 \
        | tar --create --null --files-from - serving.db
' - "$from" \
    | as "$server" tar --extract -C "$to/.incoming" --no-same-owner --no-same-permissions

as "$server" bash -c '
    set -euo pipefail
    cd "$1"
    [ -f .incoming/serving.db ] && [ ! -L .incoming/serving.db ]
    for bundle in .incoming/bundles/*; do
        version=${bundle##*/}
        [ -d "bundles/$version" ] || mv "$bundle" "bundles/$version"
    done
    sync -f .
    mv .incoming/serving.db serving.db
' - "$to"
echo "handed over: serving.db and its bundles"
