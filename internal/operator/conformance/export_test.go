package conformance

// About reports whether a record belongs to the probe.
func About(e *Evidence, text string) bool { return e.about(text) }
