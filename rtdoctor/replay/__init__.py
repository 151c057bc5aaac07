"""A recording as an endpoint: `cassette` reads it, `match` holds what a client sends against it, `server` and
`conversation` play it, `exports` writes it otherwise."""
