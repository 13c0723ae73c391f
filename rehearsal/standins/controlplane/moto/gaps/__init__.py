"""One module per service whose moto model is patched."""
