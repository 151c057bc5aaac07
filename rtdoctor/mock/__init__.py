"""A Realtime server on loopback that does what the real one was seen to do, and says which evidence that rests on."""
