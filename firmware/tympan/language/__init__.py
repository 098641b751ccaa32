"""The printer languages: pixels, text and wishes to bytes. Pure functions; no knowledge of models, no input or output.

Whatever a command's parameter cannot hold is a ValueError, never a wrapped number: a length that is off by one makes a
printer print the rest of the job as text.
"""
