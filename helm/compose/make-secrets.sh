#!/bin/sh
# Make the stack's secrets, each once: a later start keeps them, as the databases keep theirs.
# Every container that needs one has another user, so the files are readable for all who see the volume.
set -eu
directory="${1:-/secrets}"
umask 022
for name in postgres grafana vault github; do
    file="$directory/$name"
    if [ ! -s "$file" ]; then
        head -c 32 /dev/urandom | base64 | tr -d '/+=\n' > "$file.new"
        mv "$file.new" "$file"
    fi
done
