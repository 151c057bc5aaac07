"""`rtdoctor conform`: small cases that ask a server one thing each, and the deviations that they can tell."""
