"""What becomes of a press when a tab asks for something else meanwhile. A server does it in tests/faults."""

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequestType

from pages import presses
from pages.presses import MOST, OnePressOneRun, is_press

HERE, ELSEWHERE = "here", "elsewhere"


def press(button: str, typed: str = "", **more: Any) -> RerunData:
    states = [WidgetState(id=button, trigger_value=True), WidgetState(id="words", string_value=typed)]
    return RerunData(widget_states=WidgetStates(widgets=states), **{"page_script_hash": HERE} | more)


def look(page: str = HERE, typed: str = "") -> RerunData:
    """Anything else that a tab asks for: another screen, or the same with something typed."""
    states = [WidgetState(id="words", string_value=typed)]
    return RerunData(widget_states=WidgetStates(widgets=states), page_script_hash=page)


def asked_by_the_run(requests: OnePressOneRun, data: RerunData, monkeypatch: pytest.MonkeyPatch) -> None:
    """As st.rerun and st.switch_page do."""
    with monkeypatch.context() as patch:
        running = Mock(script_requests=requests, page_script_hash=HERE)
        patch.setattr(presses, "get_script_run_ctx", lambda **_more: running)
        assert requests.request_rerun(data)


def ended_by_the_run(requests: OnePressOneRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """As st.stop does."""
    with monkeypatch.context() as patch:
        patch.setattr(presses, "get_script_run_ctx", lambda **_more: Mock(script_requests=requests))
        requests.request_stop()


def running(*asked: RerunData) -> OnePressOneRun:
    """The first of them runs now."""
    requests = OnePressOneRun()
    for each in asked:
        assert requests.request_rerun(each)
        if each is asked[0]:
            assert broken_off_for(requests, at_its_end=True) == "run"
    return requests


def broken_off_for(requests: OnePressOneRun, *, at_its_end: bool = False) -> str:
    """What the run is told when it next touches the screen: go on, stop, or begin anew for a button or a page."""
    request = requests.on_scriptrunner_ready() if at_its_end else requests.on_scriptrunner_yield()
    if request is None:
        return "go on"
    return "run" if request.type is ScriptRequestType.RERUN else "stop"


def everything_after(requests: OnePressOneRun) -> list[str]:
    """The buttons and pages of the runs that follow until there is nothing more to do."""
    found = []
    while (request := requests.on_scriptrunner_ready()).type is ScriptRequestType.RERUN:
        data = request.rerun_data
        pressed = [each.id for each in (data.widget_states or WidgetStates()).widgets if each.trigger_value]
        found.append("+".join(pressed) or data.page_script_hash)
    return found


def test_a_press_goes_on_and_what_comes_meanwhile_waits_in_its_order() -> None:
    requests = running(press("save"), press("send"), look(typed="a"), look(typed="b"), press("sign"), look(ELSEWHERE))

    told = broken_off_for(requests)

    assert told == "go on"
    assert everything_after(requests) == ["send", "sign", ELSEWHERE]


def test_a_mere_look_gives_way_at_once() -> None:
    requests = running(look(), press("save"))

    assert broken_off_for(requests) == "run"
    assert everything_after(requests) == []


def test_a_double_click_is_one_press_and_the_same_button_with_other_words_is_another() -> None:
    requests = running(press("save"), press("save"), press("save", "more"), press("save", "more"))

    assert everything_after(requests) == ["save"]


def test_a_double_click_whose_second_half_comes_while_the_answer_is_drawn_is_one_press(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests = running(press("save"))
    asked_by_the_run(requests, RerunData(page_script_hash=HERE), monkeypatch)
    assert broken_off_for(requests) == "run"

    requests.request_rerun(press("save"))

    assert everything_after(requests) == []


def test_the_answer_comes_before_the_next_press(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = running(press("save"), press("send"))

    asked_by_the_run(requests, RerunData(page_script_hash=HERE), monkeypatch)

    assert broken_off_for(requests) == "run"
    assert broken_off_for(requests) == "run", "the answer itself gives way"
    assert everything_after(requests) == []


def test_an_answer_does_not_bring_back_whoever_went_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = running(press("save"), look(ELSEWHERE))

    asked_by_the_run(requests, RerunData(page_script_hash=HERE), monkeypatch)

    found = requests.on_scriptrunner_yield()
    assert found is not None
    assert found.rerun_data.page_script_hash == ELSEWHERE
    assert everything_after(requests) == []


def test_a_closed_tab_ends_a_look_but_no_press_nor_one_that_waits() -> None:
    pressed, waiting, looked = running(press("save"), press("send"), look()), running(look()), running(look())
    waiting.request_rerun(press("sign"))

    for requests in (pressed, waiting, looked):
        requests.request_stop()

    assert broken_off_for(pressed) == "go on"
    assert everything_after(pressed) == ["send"]
    assert broken_off_for(waiting) == "stop"
    assert everything_after(waiting) == ["sign"]
    assert broken_off_for(looked) == "stop"
    assert everything_after(looked) == []
    assert not looked.request_rerun(look())


def test_the_answer_to_a_press_of_a_closed_tab_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = running(press("save"))
    requests.request_stop()

    asked_by_the_run(requests, RerunData(page_script_hash=HERE), monkeypatch)

    assert broken_off_for(requests) == "stop"
    assert everything_after(requests) == []


def test_a_tab_that_comes_back_while_its_press_goes_on_is_answered() -> None:
    requests = running(press("save"))
    requests.request_stop()

    requests.request_rerun(look())

    assert broken_off_for(requests) == "go on"
    assert everything_after(requests) == [HERE]


def test_a_run_that_ends_itself_takes_no_press_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = running(press("save"), press("send"))

    ended_by_the_run(requests, monkeypatch)

    assert broken_off_for(requests) == "stop"
    assert everything_after(requests) == ["send"]


def test_a_long_press_that_lets_go_ends_for_the_next_but_not_for_a_double_click() -> None:
    requests = running(press("send a thousand"), press("send a thousand"))

    requests.let_go()

    assert broken_off_for(requests) == "go on"
    requests.request_rerun(press("cancel"))
    assert broken_off_for(requests) == "run"
    assert everything_after(requests) == []


def test_whoever_stops_by_hand_stops_a_press_too() -> None:
    requests = running(press("approve a thousand"), press("send"))

    requests.end_by_hand()

    assert broken_off_for(requests) == "stop"
    assert everything_after(requests) == []


def test_a_press_in_a_part_of_the_screen_keeps_its_part() -> None:
    requests = running(look(), press("stop", fragment_id="part"))
    assert broken_off_for(requests) == "go on", "a part waits until the whole is drawn"

    found = requests.on_scriptrunner_ready().rerun_data

    assert found == replace(press("stop"), fragment_id_queue=["part"])


def test_more_presses_than_anybody_makes_share_a_run_and_none_is_lost() -> None:
    buttons = [f"b{number}" for number in range(MOST + 4)]

    runs = everything_after(running(*map(press, buttons)))

    assert len(runs) == MOST + 1
    assert sorted("+".join(runs).split("+")) == sorted(buttons[1:])


def test_only_a_button_or_an_entry_of_its_list_is_a_press() -> None:
    chosen, let_go = WidgetState(id="all"), WidgetState(id="save", trigger_value=False)
    chosen.string_trigger_value.data = "Decline"
    listed, held = (RerunData(widget_states=WidgetStates(widgets=[each])) for each in (chosen, let_go))

    assert [is_press(each) for each in (press("save"), listed)] == [True, True]
    assert [is_press(each) for each in (look(), held, RerunData())] == [False, False, False]
