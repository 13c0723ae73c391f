package conformance

// About says whether a record is the probe's.
func About(e *Evidence, text string) bool { return e.about(text) }
