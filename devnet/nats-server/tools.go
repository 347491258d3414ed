//go:build tools

// Package tools names what is built here, so that go.mod and go.sum hold its exact versions.
package tools

import _ "github.com/nats-io/nats-server/v2"
