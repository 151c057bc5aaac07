"""The judges by the id of their mark. Each is a pure function of a run, and of the plain one beside it where there is
one. It finds by itself whether what it judges came to pass, so that a recording is judged as a lesson is."""

from collections.abc import Callable

from rtdoctor.grade.judges import connecting, lasting, refusing, speaking
from rtdoctor.grade.run import Run
from rtdoctor.model.graded import Judgement

Judge = Callable[[Run, Run | None], Judgement]
JUDGES: dict[str, Judge] = {
    "key.out-of-url": connecting.key_in_url,
    "session.waits": connecting.waits_for_session,
    "session.time-out": connecting.first_event_timeout,
    "session.finishes": lasting.finishes,
    "events.taken": lasting.events_taken,
    "session.closes": connecting.closes_cleanly,
    "refusal.reads": refusing.reads_refusal,
    "refusal.no-retry": refusing.no_retry,
    "retry.transient": refusing.retries,
    "retry.backs-off": refusing.backs_off,
    "drop.survives": lasting.survives_drop,
    "expiry.reconnects": lasting.survives_expiry,
    "error.not-fatal": lasting.error_not_fatal,
    "error.event-id": lasting.fails_by_event_id,
    "unknown.event": lasting.unknown_event,
    "unknown.field": lasting.unknown_field,
    "response.failed": lasting.tells_failed_response,
    "barge-in.early": speaking.barge_in_early,
    "truncate.played": speaking.truncates_what_was_played,
    "audio.rate": speaking.right_rate,
    "audio.commit": speaking.one_who_commits,
}
