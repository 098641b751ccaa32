"""One module for each verb: ``configure`` adds its arguments, ``run`` does it and returns the exit status."""
