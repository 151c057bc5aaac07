"""pipecat-ai, OpenAIRealtimeLLMService in a pipeline: one turn."""

import asyncio
import os

from pipecat.frames.frames import EndFrame, LLMContextFrame, LLMFullResponseEndFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

URL = "ws" + os.environ["OPENAI_BASE_URL"].removeprefix("http") + "/realtime"


class End(FrameProcessor):
    """Ends the pipeline when the answer is there."""

    async def process_frame(self, frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, LLMFullResponseEndFrame):
            await self.push_frame(EndFrame(), FrameDirection.UPSTREAM)
            TASK and await TASK[0].queue_frame(EndFrame())


TASK: list[PipelineTask] = []


async def main() -> None:
    settings = OpenAIRealtimeLLMService.Settings(model="gpt-realtime-2.1")
    llm = OpenAIRealtimeLLMService(api_key=os.environ["OPENAI_API_KEY"], base_url=URL, settings=settings)
    task = PipelineTask(Pipeline([llm, End()]))
    TASK.append(task)
    await task.queue_frame(LLMContextFrame(LLMContext([{"role": "user", "content": "Hello"}])))
    await PipelineRunner(handle_sigint=False).run(task)


asyncio.run(main())
