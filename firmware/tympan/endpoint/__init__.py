"""The endpoint: IPP over HTTP. One handler per operation; never blocks, never holds a whole document in memory."""
