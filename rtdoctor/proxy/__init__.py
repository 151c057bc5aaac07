"""The inspecting proxy: bytes pass as they are, a bounded copy of them is read and judged beside the way.

The way of the bytes: `server` listens, `splice` joins the two sides and changes the host and the key of a request's
head, `upstream` opens the connection. Beside it: `aside` takes the copy in a thread of its own, `traffic` reads HTTP
and frames in it (`frames`), `watch` judges and tells.
"""
