#!/bin/sh
# dockerd.sh MODULE OUT: builds the Docker daemon that the Go module in MODULE pins, without cgo, and leaves it at OUT.
set -eu
module=$1 out=$2
cd "$module"
CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -o "$out" -ldflags '-s -w' github.com/moby/moby/v2/cmd/dockerd
