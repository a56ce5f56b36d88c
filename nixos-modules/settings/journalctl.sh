#!/bin/sh
# journalctl for the Collector, whose receiver always passes --priority: that leaves out an entry whose PRIORITY is
# missing or is none of 0 to 7, and so lets any program hide its lines.
left=$#
while [ "$left" -gt 0 ]; do
  case $1 in
  --priority)
    shift 2
    left=$((left - 2))
    ;;
  *)
    set -- "$@" "$1"
    shift
    left=$((left - 1))
    ;;
  esac
done
exec journalctl "$@"
