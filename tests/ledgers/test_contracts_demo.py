"""The demonstration contracts."""

from chain_driver import Chain

from contracts import load_artifact


def test_the_token_is_an_erc20(chain: Chain) -> None:
    holder, friend = chain.accounts[0], chain.accounts[1]
    token = chain.deploy(load_artifact("DemoToken"), "Demo", "DEMO", holder, 10**24)
    assert chain.read(token, "name") == "Demo"
    assert chain.read(token, "symbol") == "DEMO"
    assert chain.read(token, "decimals") == 18
    assert chain.read(token, "totalSupply") == chain.read(token, "balanceOf", holder) == 10**24
    receipt = chain.transact(token, "transfer", friend, 5)
    assert token.decode_event(receipt["logs"][0]) == ("Transfer", holder, friend, 5)
    assert chain.read(token, "balanceOf", friend) == 5
    chain.transact(token, "approve", friend, 7)
    spend = token.encode("transferFrom", holder, friend, 7)
    assert chain.send(token.address, spend, sender=friend)["status"] == "0x1"
    assert chain.read(token, "balanceOf", friend) == 12
    refusal = chain.refusal(token, spend, sender=friend)
    assert refusal == ("ERC20InsufficientAllowance", friend, 0, 7)


def test_the_counter_counts(chain: Chain) -> None:
    counter = chain.deploy(load_artifact("DemoCounter"))
    receipt = chain.transact(counter, "increment", 3)
    assert counter.decode_event(receipt["logs"][0]) == ("Counted", chain.accounts[0], 3, 3)
    assert chain.send(counter.address, counter.encode("increment", 4), chain.accounts[1])["status"] == "0x1"
    assert chain.read(counter, "total") == 7
    assert chain.read(counter, "countOf", chain.accounts[1]) == 4
    assert chain.refusal(counter, counter.encode("increment", 0)) == ("StepIsZero",)
