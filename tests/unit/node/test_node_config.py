"""The configuration file: defaults, environment, and errors that name the key."""

from pathlib import Path

import pytest

from node.config import NodeConfig, read_config
from node.config_text import build_config_text
from rollup.core.errors import BadConfig

LEAST = 'role = "follower"\n[[ledgers]]\nledger_id = "eip155:1"\nurl = "http://127.0.0.1:1"\n'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "entresol.toml"
    path.write_text(text)
    return path


def test_what_init_writes_are_the_defaults(tmp_path: Path) -> None:
    written = read_config(write(tmp_path, build_config_text({"eip155:1": "http://127.0.0.1:1"})))
    least = read_config(write(tmp_path, LEAST.replace("follower", "sequencer")))
    keyless = tuple(row.model_copy(update={"key_file": None}) for row in written.ledgers)
    assert written.model_copy(update={"ledgers": keyless}) == least


def test_what_init_writes_names_every_key() -> None:
    text = build_config_text({"eip155:1": "http://127.0.0.1:1"})
    for name, field in NodeConfig.model_fields.items():
        section = field.annotation
        keys = getattr(section, "model_fields", {name: None})
        written = (f"\n{key} = " in text or f"\n# {key} = " in text or key == "ledgers" for key in keys)
        assert all(written), name


def test_urls_that_need_quoting_survive(tmp_path: Path) -> None:
    url = 'http://127.0.0.1:1/a"b\\c'
    assert read_config(write(tmp_path, build_config_text({"eip155:1": url}))).ledgers[0].url == url


def test_paths_count_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    config = read_config(write(tmp_path, LEAST + 'key_file = "keys/poster.key"\n'))
    assert config.data == tmp_path / "data"
    assert config.genesis == tmp_path / "rollup.json"
    assert config.sequencer.key_file == tmp_path / "keys" / "sequencer.key"
    assert config.ledgers[0].key_file == tmp_path / "keys" / "poster.key"


def test_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTRESOL_RPC__PORT", "9000")
    monkeypatch.setenv("ENTRESOL_RPC__CORS_ORIGINS", '["https://a.example"]')
    monkeypatch.setenv("ENTRESOL_DATA", "elsewhere")
    monkeypatch.setenv("ENTRESOL_LOGS__FORMAT", "json")
    config = read_config(write(tmp_path, LEAST + "[rpc]\nport = 1\n"))
    assert config.rpc.port == 9000
    assert config.rpc.cors_origins == ("https://a.example",)
    assert config.data == tmp_path / "elsewhere"
    assert config.logs.format == "json"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("role = ", "is not TOML"),
        (LEAST + "[rpc]\nprot = 1\n", "unknown key rpc.prot"),
        ("colour = 1\n" + LEAST, "unknown key colour"),
        (LEAST.replace("follower", "leader"), "role"),
        (LEAST + "[rpc]\nport = 65536\n", "rpc.port"),
        (LEAST + '[rpc]\nport = "many"\n', "rpc.port"),
        ('role = "follower"\n', "ledgers"),
        ('role = "follower"\nledgers = []\n', "ledgers"),
        (LEAST.replace("http://127.0.0.1:1", "127.0.0.1:1"), "ledgers.0.url"),
        (LEAST + "fee_wei_max = 0\n", "ledgers.0.fee_wei_max"),
        (LEAST + "[sequencer]\nblock_interval_s = 6\n", "idle_block_interval_s must not be below"),
        (LEAST + "[batch]\nbytes_max = 103000\n", "batch.bytes_max"),
        (LEAST + '[logs]\nlevel = "loud"\n', "logs.level"),
    ],
)
def test_errors_name_the_file_and_the_key(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(BadConfig) as caught:
        read_config(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="entresol init"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "noise.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadConfig, match="is not TOML"):
        read_config(tmp_path / "noise.toml")


def test_environment_that_meets_no_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTRESOL_ROLE__PORT", "1")
    with pytest.raises(BadConfig, match="ENTRESOL_ROLE__PORT"):
        read_config(write(tmp_path, LEAST))


@pytest.mark.parametrize(("variable", "text"), [("ENTRESOL_NIX", "1"), ("ENTRESOL_RPC__PORT", "abc")])
def test_a_wrong_variable_is_named_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(BadConfig, match=f"^{variable}: "):
        read_config(write(tmp_path, LEAST))
