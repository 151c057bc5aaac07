"""The judge of order: whether the events of a connection came as the Realtime API's lifecycle has them.

The rules are data, in rules.toml, with the observations that each rests on. Imports only rtdoctor.model; no
I/O but that file.
"""

from rtdoctor.protocol.order.judge import OrderJudge
from rtdoctor.protocol.order.rules import Rule, rules

__all__ = ["OrderJudge", "Rule", "rules"]
