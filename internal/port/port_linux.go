package port

// holds reports whether a port can be reserved without listening on it.
const holds = true
