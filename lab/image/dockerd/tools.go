//go:build tools

// Package tools only names the command that go build makes from the published module.
package tools

import _ "github.com/moby/moby/v2/cmd/dockerd"
