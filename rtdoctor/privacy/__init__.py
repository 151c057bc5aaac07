"""What is secret, how it is found, and what is shown in its place. Everything quoted from outside goes through here."""
