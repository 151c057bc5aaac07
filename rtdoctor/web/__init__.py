"""The live page: a tape's lines on a page of one's own, on loopback, behind a token."""
