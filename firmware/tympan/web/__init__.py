"""The web: pages for people, rendered on the server, useful without JavaScript."""
