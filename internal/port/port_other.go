//go:build !linux

package port

// holds reports whether a port can be reserved without listening on it. Other systems refuse a second socket at the
// same address.
const holds = false
