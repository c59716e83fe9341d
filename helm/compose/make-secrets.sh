#!/bin/sh
# Make the stack's secrets, each once: a later start keeps them, as the databases keep theirs.
# Every container that needs one has another user, so the files are readable for all who see the volume.
# With a second directory, also the part of the configuration that names the API's token: by its digest.
set -eu
directory="${1:-/secrets}"
configuration="${2:-}"
umask 022
for name in postgres grafana vault github api; do
    file="$directory/$name"
    if [ ! -s "$file" ]; then
        head -c 32 /dev/urandom | base64 | tr -d '/+=\n' > "$file.new"
        mv "$file.new" "$file"
    fi
done
if [ -n "$configuration" ]; then
    digest="$(sha256sum < "$directory/api" | cut -d ' ' -f 1)"
    cat > "$configuration/api.yaml" <<END
api:
  host: 0.0.0.0
  tokens:
    - {name: compose, role: admin, sha256: $digest}
END
fi
