"""Push both images to a registry, for a cluster that is not on this machine."""

from __future__ import annotations

from grpcdemo.manifests.images import IMAGES, image_reference, parse_prefix
from grpcdemo.model.progress import Done, Waiting
from grpcdemo.steps.images.builders import fill
from grpcdemo.steps.images.engine import find_engine, find_image, require_image
from grpcdemo.steps.images.shell import Shell


async def push_images(prefix: str, shell: Shell, *, builder: str | None = None) -> tuple[str, ...]:
    """Push the images to *prefix*, whether they were built with that name or with the local one."""
    names = {image_reference(name, prefix): image_reference(name) for name in IMAGES}
    engine = await find_engine(shell, builder)
    for name, local in names.items():
        if await find_image(shell, engine.builder, local) or not await find_image(shell, engine.builder, name):
            image = await require_image(shell, engine, local)
            await shell.run(*fill(engine.builder.tag, image=image.name, name=name))
        shell.tell(Waiting(f"{engine.builder.name} to push {name}"))
        await shell.run(*fill(engine.builder.push, image=name))
    shell.tell(Done(f"pushed; now `grpcdemo up --image-prefix {parse_prefix(prefix)}`"))
    return tuple(names)
