"""The IPP objects: printers, jobs, documents, media. States are tables, time is a parameter; no input or output."""
