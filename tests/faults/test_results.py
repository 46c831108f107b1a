"""What a campaign leaves behind can be read again."""

import json
from collections import Counter

from bench.faults.audit import Verdict
from bench.faults.campaign import Round
from bench.faults.results import round_row


def test_a_round_with_findings_is_written_and_read_again() -> None:
    verdict = Verdict(kinds=Counter({"mail copy": 7}), texts=["doubled mail"])

    row = json.loads(json.dumps(round_row(Round(0, True, 22, 608.0, 9.0, 7.0, True, verdict))))

    assert row["verdict"]["kinds"] == {"mail copy": 7}
    assert row["faults"] == 22
