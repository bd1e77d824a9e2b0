"""Files that were handed in: where to download them."""

import strawberry
from strawberry.dataloader import DataLoader

from db import file as files
from db.file import FileRow
from graph.context import Context
from graph.node import encode


@strawberry.type(description="A file that was handed in.")
class File:
    """Where the bytes are to be had, and what they are."""

    id: strawberry.ID = strawberry.field(description="Names the file among all files.")
    url: str = strawberry.field(
        description="Download it from here, with the same bearer token as this request."
    )
    media_type: str = strawberry.field(description="`image/png` or `image/jpeg`.")
    size: int = strawberry.field(description="Its size in bytes.")

    @classmethod
    def of(cls, row: FileRow, base_url: str) -> "File":
        """Show a row."""
        key = encode("File", row.id)
        return cls(id=key, url=f"{base_url}/files/{key}", media_type=row.media_type, size=row.size)


Files = DataLoader[int, File]


def load_files(context: Context) -> Files:
    """Load the files of every object on a page in one statement."""

    async def load(file_ids: list[int]) -> list[File]:
        async with context.database.read() as session:
            found = await files.among(session, file_ids)
        return [File.of(found[file_id], context.base_url) for file_id in file_ids]

    return DataLoader(load)
