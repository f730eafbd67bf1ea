#!/bin/sh
# Creates Temporal's two databases and brings their schema up to date; can be repeated. Needs temporal-sql-tool and the
# variables POSTGRES_SEEDS, DB_PORT, POSTGRES_USER, POSTGRES_PWD, SCHEMA_ROOT (the folder with temporal/ and visibility/).
set -eu

# The tool reads the password from here: it must not stand on a command line.
export SQL_PASSWORD="$POSTGRES_PWD"

sql() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" \
    --user "$POSTGRES_USER" --database "$database" "$@"
}

for database in temporal temporal_visibility; do
  case $database in
    temporal) schema=$SCHEMA_ROOT/temporal/versioned ;;
    *) schema=$SCHEMA_ROOT/visibility/versioned ;;
  esac
  sql "$database" create-database
  # Only a database without a version table gets one: setting it up again would restart the numbering.
  sql "$database" update-schema --schema-dir "$schema" ||
    { sql "$database" setup-schema --version 0.0 && sql "$database" update-schema --schema-dir "$schema"; }
done
