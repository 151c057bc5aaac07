"""The causes and profiles of a user's own folder (--knowledge, or a target's `knowledge`)."""

from pathlib import Path

from rtdoctor.privacy.errors import Usage


def use_knowledge(folder: Path) -> Path:
    """Take the user's causes, once each of their rules was seen to lead from its example to its cause.

    Raises:
        Usage: a file breaks the form, or an example leads elsewhere.
    """
    from rtdoctor.diagnose.example import why_not
    from rtdoctor.knowledge.causes import rules, use_folder
    from rtdoctor.knowledge.profiles import use_profiles
    from rtdoctor.knowledge.tables import BadTable

    try:
        use_folder(folder)
        use_profiles(folder)
    except BadTable as error:
        raise Usage("--knowledge {}", error) from error
    for rule in rules():
        if rule.origin and (reason := why_not(rule)):
            raise Usage("--knowledge {}: {}", rule.origin, reason)
    return folder
