"""What can be asked to fail a run beside what fails anyway: the words of --fail-on and of a target's `fail_on`."""

FAIL_ON = ("warn", "caveat", "drift", "never")
