#!/bin/sh
# After the Collector has ended. A storage file that it cannot read (v0.155: an assertion or a fault in bbolt, or an error
# at its start) ends each further start too; the Collector's own `recreate` sees few of these cases. So all files are put
# aside together: without its place in the journal the Collector reads that from its beginning, and what was in its queue
# comes again. A file that a full disk has left unborn never held anything, and goes alone.
#
# $1: the folder with the files. From systemd: SERVICE_RESULT, INVOCATION_ID.
set -eu
storage=$1
[ "${SERVICE_RESULT:-success}" != success ] && [ -d "$storage" ] || exit 0
# Without -q, for grep would then end before journalctl, and with pipefail, as on NixOS, that is a failure.
journalctl --quiet --output=cat --lines=1000 "_SYSTEMD_INVOCATION_ID=$INVOCATION_ID" |
  grep -E 'go\.etcd\.io/bbolt|file size too small|invalid database|version mismatch|checksum error' > /dev/null || exit 0

# A database begins with four pages of 4 KiB at least.
unborn=$(find "$storage" -maxdepth 1 -type f -size -16384c -print -delete)
if [ -n "$unborn" ]; then
  echo "deleted unborn storage: $unborn" >&2
else
  rm -rf "$storage.damaged"
  mv "$storage" "$storage.damaged"
  echo "put aside damaged storage: $storage.damaged; the journal is read from its beginning" >&2
fi
