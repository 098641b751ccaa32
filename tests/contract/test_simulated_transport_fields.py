"""The simulated transport imports nothing of the firmware: that its records have the contract's fields is held here."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tympan.driver.contract import DeviceIdentity, DiscoveredDevice, PortStatus
from tympan_sim.transport import SimulatedDevice, SimulatedIdentity, SimulatedPortStatus


@pytest.mark.parametrize(
    ("simulated", "of_the_contract"),
    [
        (SimulatedIdentity, DeviceIdentity),
        (SimulatedPortStatus, PortStatus),
        (SimulatedDevice, DiscoveredDevice),
    ],
)
def test_the_fields_are_the_contracts(simulated, of_the_contract):
    assert {each.name for each in fields(of_the_contract)} == {each.name for each in fields(simulated)}
