import pytest

from deploy.local.far_ends.behaviours import Behaviour, Conduct, conduct_of_address, conduct_of_number


@pytest.mark.parametrize("behaviour", sorted(set(Behaviour) - {Behaviour.FLAKY, Behaviour.LANDLINE}))
def test_the_local_part_names_the_behaviour(behaviour: Behaviour) -> None:
    assert conduct_of_address(f"{behaviour}@simulator.stadt.example") == Conduct(behaviour)
    assert conduct_of_address(f"{behaviour.upper()}+Anna@Simulator.Stadt.Example") == Conduct(behaviour)


@pytest.mark.parametrize(("address", "refusals"), [("flaky-2", 2), ("flaky-0+x", 0), ("flaky-12", 12)])
def test_a_flaky_address_says_how_often(address: str, refusals: int) -> None:
    assert conduct_of_address(f"{address}@simulator.stadt.example") == Conduct(Behaviour.FLAKY, refusals)


@pytest.mark.parametrize(
    "address",
    [
        "anna@simulator.stadt.example",
        "slow@example.org",
        "slow@mail.simulator.stadt.example",
        "landline@simulator.stadt.example",
        "flaky@simulator.stadt.example",
        "slower@simulator.stadt.example",
        "nobody",
    ],
)
def test_everybody_else_receives(address: str) -> None:
    assert conduct_of_address(address) == Conduct(Behaviour.DELIVERED)


@pytest.mark.parametrize(
    ("digits", "behaviour"),
    [
        ("00", "delivered"),
        ("01", "delivered"),
        ("02", "perm-fail"),
        ("03", "temp-fail"),
        ("04", "bounce-later"),
        ("05", "full"),
        ("06", "throttle"),
        ("07", "slow"),
        ("08", "drop"),
        ("09", "no-receipt"),
        ("20", "dup-receipt"),
        ("21", "late-receipt"),
        ("30", "complaint"),
        ("31", "unsubscribe"),
        ("99", "delivered"),
    ],
)
def test_the_last_digits_of_a_number_decide(digits: str, behaviour: str) -> None:
    assert conduct_of_number(f"+49171392{digits}{digits}") == Conduct(Behaviour(behaviour))
    assert conduct_of_number(f"0171 392 {digits} {digits}") == Conduct(Behaviour(behaviour))


@pytest.mark.parametrize("times", range(10))
def test_a_flaky_number_says_how_often(times: int) -> None:
    assert conduct_of_number(f"+49171392001{times}") == Conduct(Behaviour.FLAKY, times)


def test_a_landline_is_one_whatever_its_digits() -> None:
    assert conduct_of_number("+49 30 23125 000") == Conduct(Behaviour.LANDLINE)


@pytest.mark.parametrize("number", ["", "Anna", "+49", "+4917", "+491713920000000000"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError):
        conduct_of_number(number)
