"""Documents become the printer's language: sniff, sources, layout, halftone, and the worker process that runs them."""
