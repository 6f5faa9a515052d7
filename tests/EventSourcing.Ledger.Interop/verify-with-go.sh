#!/usr/bin/env bash
# Lets Go's sumdb/tlog and sumdb/note verify random proofs and signed checkpoints of this library: N of each kind (100,000 by
# default) must be accepted, and N corrupted ones refused. Needs Go and golang.org/x/mod, as Debian has them in
# golang-go and golang-golang-x-mod-dev.
#   verify-with-go.sh [N [SEED]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
count=${1:-100000}
seed=${2:-1}

export GO111MODULE=off GOPATH="${GOPATH:-/usr/share/gocode}"
if ! command -v go >/dev/null || [ ! -d "$GOPATH/src/golang.org/x/mod/sumdb" ]; then
    echo "Go or golang.org/x/mod is missing: install golang-go and golang-golang-x-mod-dev." >&2
    exit 2
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GOCACHE="$scratch/cache"
go build -o "$scratch/verify" main.go
dotnet build --configuration Release --output "$scratch/produce" --nologo --verbosity quiet >&2
dotnet "$scratch/produce/EventSourcing.Ledger.Interop.dll" produce "$count" "$seed" | "$scratch/verify"
