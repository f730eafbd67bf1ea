#!/bin/sh
# Creates the namespace with calib's search attributes; can be repeated. Needs the temporal CLI and the variables
# TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, RETENTION (of finished sessions, as in 90d), UI_ADDRESS (for links).
set -eu

# Repeats a command until it succeeds: for 60 s at most.
patiently() {
  attempts=0
  until "$@"; do
    attempts=$((attempts + 1))
    [ "$attempts" -lt 30 ] || { echo "gave up: $*" >&2; exit 1; }
    sleep 2
  done
}

patiently temporal operator cluster health

temporal operator namespace describe >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"

# MAINTENANCE: the names of `searchAttributeNames` in src/workflows/messages.ts.
# The server takes some seconds to notice a new namespace.
patiently temporal operator search-attribute list >/dev/null
known=$(temporal operator search-attribute list --output json)
for name in CalibModel CalibCommit CalibState CalibLabel; do
  case $known in
    *"\"$name\""*) ;;
    *) temporal operator search-attribute create --name "$name" --type Keyword ;;
  esac
done

temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --data "calib-ui=\"$UI_ADDRESS\""
