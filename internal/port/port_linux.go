package port

// holds tells whether a port can be held without listening on it.
const holds = true
