import pytest

from storage.db import Database
from tests.workers.rig import Rig


@pytest.fixture
async def rig(database: Database) -> Rig:
    made = Rig(database)
    await made.go_live()
    return made
