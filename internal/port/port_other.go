//go:build !linux

package port

// holds tells whether a port can be held without listening on it: elsewhere another socket at the same address is refused.
const holds = false
