"""The judgement: Outcomes of what was seen, the referee that names their cause, and the words that tell it. No I/O;
causes and their rules are data in `knowledge`."""
