package footprint

// Parts is the prefix of a source's parts: cdc for the unnamed source, cdc-orders for one named orders.
func Parts(source string) string {
	if source == "" {
		return Pipeline
	}
	return Pipeline + "-" + source
}
