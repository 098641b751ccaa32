"""The pages that tympan prints about itself, as PDF files: data in, octets out."""
