//go:build tools

// Package tools only names the command that go build makes from the published module.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
