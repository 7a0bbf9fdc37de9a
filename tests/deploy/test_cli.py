"""The command: what is wrong is said in a sentence, without a traceback and without a secret."""

import subprocess
import sys

import pytest

NOBODY = "127.0.0.1:9"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        env={"PATH": "", "NAHBAR_KAFKA": NOBODY, "NAHBAR_POSTGRES": f"postgresql://x:geheim@{NOBODY}", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"NAHBAR_PARTITIONS": "abc"}, "NAHBAR_PARTITIONS: "),
        ({"NAHBAR_ENVIRONMENT": "production", "NAHBAR_KAFKA_PASSWORD": "geheim"}, "NAHBAR_PERSON_SECRET is the"),
        ({}, "A server cannot be reached: NoServer: 127.0.0.1:9"),
    ],
    ids=["a setting", "production", "no server"],
)
def test_what_is_wrong_is_a_sentence_without_a_secret(environment: dict[str, str], said: str) -> None:
    ended = run("ledger", **environment)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(said)
    assert ended.stderr.count("\n") == 1
    assert "geheim" not in ended.stderr
