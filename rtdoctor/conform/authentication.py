"""Cases of authentication: where a key is taken, and how it is refused."""

from collections.abc import Sequence

from rtdoctor.conform.cases import NotServed, Untold, case
from rtdoctor.conform.context import Context, Refused
from rtdoctor.conform.handshake import usual_query
from rtdoctor.engine.credential import WRONG_KEY
from rtdoctor.model.scenario import Auth

_TELLS = (
    "authentication.not-checked",
    "authentication.refusal-empty",
    "authentication.refused-before-101",
    "authentication.refusal-untold",
    "authentication.stays-open",
    "authentication.close-code-other",
    "authentication.close-reason-missing",
)


def _need_key(context: Context) -> None:
    if context.choice.key is None:
        raise Untold("no key was given, so nothing can be told of how one is taken")


async def _opens(context: Context, ident: str, auth: Sequence[Auth]) -> None:
    """The user's key opens a session from that place."""
    _need_key(context)
    refused = await context.refused(await context.shake(usual_query(context), auth=auth))
    if not refused.opened:
        context.deviates(ident, str(refused))


async def _is_refused(context: Context, auth: Sequence[Auth], *, wrong: bool) -> None:
    """A missing or wrong key is refused: by an error event and a close after the 101, as the real service does."""
    shaken = await context.shake(usual_query(context), auth=auth, secret=WRONG_KEY if wrong else None)
    refused = await context.refused(shaken)
    if refused.opened:
        context.deviates("authentication.not-checked", f"a session was opened with {'a wrong' if wrong else 'no'} key")
    elif refused.fault:
        context.deviates("authentication.refusal-untold", refused.fault)
    else:
        _judge(context, refused, wrong=wrong)


def _judge(context: Context, refused: Refused, *, wrong: bool) -> None:
    if refused.status is not None:
        ident = "authentication.refused-before-101" if refused.body else "authentication.refusal-empty"
        context.deviates(ident, str(refused))
        return
    if refused.error is None:
        context.deviates("authentication.refusal-untold", str(refused))
    elif wrong and refused.error.get("code") != "invalid_api_key":
        context.deviates("authentication.refusal-untold", f"the error's code is not invalid_api_key: {refused}")
    if refused.ended is None:
        context.deviates("authentication.stays-open", str(refused))
    elif refused.ended.code != 3000:
        context.deviates("authentication.close-code-other", str(refused.ended))
    elif not refused.ended.reason:
        context.deviates("authentication.close-reason-missing", str(refused.ended))


@case("authentication.header", "the Authorization header counts in any case", "authentication.header-refused")
async def _header(context: Context) -> None:
    """Sends the key as `authorization: bearer KEY`."""
    _need_key(context)
    key = context.choice.key
    if key is None or context.choice.profile.key_header != "Authorization":
        raise NotServed("this provider takes its keys in another header")
    headers = {"authorization": f"bearer {key.reveal()}"}
    refused = await context.refused(await context.shake(usual_query(context), auth=(), headers=headers))
    if not refused.opened:
        context.deviates("authentication.header-refused", str(refused))


@case(
    "authentication.subprotocol",
    "a key in the subprotocol opens a session",
    "authentication.subprotocol-refused",
)
async def _subprotocol(context: Context) -> None:
    """Sends the key as `openai-insecure-api-key.KEY` and in no header: a browser can send no other."""
    await _opens(context, "authentication.subprotocol-refused", ("subprotocol",))


@case("authentication.none", "without a key no session opens", *_TELLS)
async def _none(context: Context) -> None:
    """Sends no key: the real service answers 101, an error event and close 3000."""
    await _is_refused(context, (), wrong=False)


@case("authentication.wrong-header", "a wrong key in the header is refused", *_TELLS)
async def _wrong_header(context: Context) -> None:
    """Sends a key in the right form that belongs to nobody."""
    await _is_refused(context, ("header",), wrong=True)


@case("authentication.wrong-subprotocol", "a wrong key in the subprotocol is refused", *_TELLS)
async def _wrong_subprotocol(context: Context) -> None:
    """Sends a key in the subprotocol that belongs to nobody."""
    await _is_refused(context, ("subprotocol",), wrong=True)


@case("authentication.query", "a key in the query is not taken", "authentication.query-taken")
async def _query(context: Context) -> None:
    """Sends `?Authorization=Bearer …` and no header, with a key that belongs to nobody where the server checks none."""
    _need_key(context)
    usual = usual_query(context)
    if (await context.refused(await context.shake(usual, auth=()))).opened:
        raise Untold("a session opens without a key, so nothing can be told of one in the query")
    if (await context.refused(await context.shake(usual, auth=("query",)))).opened:
        context.deviates("authentication.query-taken", "a session was opened with the key in the query")
