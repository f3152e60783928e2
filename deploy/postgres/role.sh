#!/bin/sh
# Run once, when the database is made. The role that owns the memory is no superuser, so that
# row-level security binds it. The extension is made here because only a superuser may.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$CONTEXT_MANAGER_DB_PASSWORD" --username postgres <<'SQL'
CREATE ROLE context_manager LOGIN PASSWORD :'password';
CREATE DATABASE context_manager OWNER context_manager;
\connect context_manager
CREATE EXTENSION vector;
SQL
