package footprint

// Parts is what the names of a source's parts begin with: cdc for the unnamed one, cdc-orders for one called orders.
func Parts(source string) string {
	if source == "" {
		return Pipeline
	}
	return Pipeline + "-" + source
}
