"""Every way to be rejected has a code, and no code is for something that is gone."""

import rollup.core.errors
from rollup.core.errors import NonceTooLow, Rejected
from rpc.errors import CODES, rejected_error


def leaves(kind: type[Rejected]) -> set[type[Rejected]]:
    below = kind.__subclasses__()
    return set().union(*map(leaves, below)) if below else {kind}


def test_every_leaf_has_a_code() -> None:
    ours = {leaf for leaf in leaves(Rejected) if leaf.__module__ == rollup.core.errors.__name__}
    assert set(CODES) == ours


def test_the_words_are_the_errors_own() -> None:
    error = rejected_error(NonceTooLow("next nonce 5, tx nonce 3"))
    assert (error.code, error.message) == (-32000, "nonce too low: next nonce 5, tx nonce 3")
