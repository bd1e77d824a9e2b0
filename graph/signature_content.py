"""What signatures say, for lists whose readers may not read signatures themselves."""

from strawberry.dataloader import DataLoader

from db import signature as signatures
from graph.context import Context

Contents = DataLoader[int, str]


def load_contents(context: Context) -> Contents:
    """Load the contents of a page's signatures, deleted ones too, in one statement."""

    async def load(signature_ids: list[int]) -> list[str]:
        async with context.database.read() as session:
            found = await signatures.among(session, set(signature_ids))
        return [found[signature_id].content for signature_id in signature_ids]

    return DataLoader(load)
