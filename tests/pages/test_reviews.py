"""The review of deeds on pages: who sees it, what a decision does and where it leads on, what a refusal says."""

from flask import Flask

from tests.cast import Cast
from tests.visitors import Visitor, refusal


def test_the_queue_lays_the_oldest_deed_open(app: Flask, cast: Cast) -> None:
    first = cast.deed(cast.grandmother, description="晚上巡逻两小时")
    cast.deed(cast.volunteer, description="给老人读报")
    page = Visitor(app, cast.reviewer).visit("/staff/deeds")
    assert page.status_code == 200
    assert f'id="deed" data-id="{first}"' in page.text
    assert "晚上巡逻两小时" in page.text
