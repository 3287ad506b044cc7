"""Sums up how many hostile inputs were tried."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = [dict(report.user_properties).get("fuzzed") for report in terminalreporter.getreports("passed")]
    found = [one for one in passed if one is not None]
    if found:
        terminalreporter.section("hostile inputs tried")
        for name, way, count in found:
            terminalreporter.write_line(f"{name:20} {way:10} {count:9,}")
        terminalreporter.write_line(f"{'all':20} {'':10} {sum(count for *_, count in found):9,}")
