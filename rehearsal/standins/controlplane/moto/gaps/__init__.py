"""One module for each service whose moto model is patched."""
