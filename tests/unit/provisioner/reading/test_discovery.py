"""Which files are read, and what their texts mean: an error is a message, never a crash."""

import json
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from provisioner import loader
from provisioner.errors import InvalidFilesError, ProvisionerError
from provisioner.kinds.kind import Kind
from provisioner.reading import discovery, documents, json_text, yaml_text
from provisioner.reading.documents import read_documents
from provisioner.representation import REALM, ListOf, MapOf, Object, OneOf


@pytest.fixture
def write(tmp_path: Path):
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def problem(*paths: Path) -> str:
    """Return the only error, without the folder."""
    with pytest.raises(InvalidFilesError) as caught:
        _ = [read_documents(path) for path in discovery.find(paths)]
    (found,) = caught.value.problems
    return str(found).removeprefix(f"{paths[0].parent}/")


def contents(path: Path) -> list[object]:
    return [document.content for document in read_documents(path)]


class TestPaths:
    def test_patterns_are_expanded(self, write, tmp_path):
        for name in ("b.yaml", "a.yaml", "deep/er/c.json", "deep/d.yml", "README.md"):
            write(name, "{}")

        def names(pattern: str) -> list[str]:
            return [str(path.relative_to(tmp_path)) for path in discovery.find([tmp_path / pattern])]

        assert names("*.yaml") == ["a.yaml", "b.yaml"]
        assert names("[b].yaml") == ["b.yaml"]
        assert names("**/*.json") == ["deep/er/c.json"]
        assert names("d?ep") == ["deep/d.yml", "deep/er/c.json"]
        assert names("*") == ["a.yaml", "b.yaml", "deep/d.yml", "deep/er/c.json"]

    def test_a_file_name_may_look_like_a_pattern(self, write):
        path = write("a[1].yaml", "{}")
        assert discovery.find([path]) == [path]

    def test_paths_without_files_are_errors(self, write, tmp_path):
        write("empty/README.md", "nothing of ours")
        assert problem(tmp_path / "empty") == "empty: no .json, .yaml, .yml file in this folder"
        assert problem(tmp_path / "x*.yaml") == "x*.yaml: no .json, .yaml, .yml file matches"
        (tmp_path / "empty" / "gone.yaml").symlink_to(tmp_path / "gone.yaml")
        assert problem(tmp_path / "empty").endswith("gone.yaml: a broken link")


class TestText:
    @pytest.mark.parametrize(
        ("name", "content", "expected"),
        [
            ("a.yaml", "", "a.yaml: the file is empty"),
            ("a.json", " \n", "a.json: the file is empty"),
            ("a.yaml", b"a: 1\nb: \xe9\n", "a.yaml:2: not UTF-8: the byte 0xe9 in this line"),
            ("a.yaml", "a: [\n", "a.yaml:2:1: not YAML: "),
            ("a.yaml", "a:\n  b: 1\n  c: 2\n  b: 3\n", "a.yaml:4:3: b: this object already has the key in line 2"),
            (
                "a.json",
                '{"a": {"b": 1},\n "b": 2, "a": 3}',
                "a.json:2:10: a: this object already has the key in line 1",
            ),
            ("a.yaml", "a: !!python/name:os.system x\n", "a.yaml:1:4: the tag "),
            ("a.yaml", "a: !secret x\n", "a.yaml:1:4: the tag !secret is unknown"),
            ("a.yaml", "a: &a [*a]\n", "a.yaml:1:8: *a is inside the value of its own anchor"),
            ("a.yaml", "a: *b\n", "a.yaml:1:4: undefined anchor &b"),
            ("a.yaml", "? [a]\n: b\n", "a.yaml:1:3: a key must be text"),
            ("a.yaml", "<<: 1\n", "a.yaml:1:5: the value of << must be an object or a list of objects"),
            ("a.yaml", "[" * 100_000, "a.yaml:1:101: more than 100 levels of nesting"),
            ("a.json", "[" * 100_000, "a.json: more than 100 levels of nesting"),
            ("a.json", "[" * 500 + "]" * 500, "a.json: more than 100 levels of nesting"),
            ("a.json", '{"a": NaN}', "a.json: not JSON: NaN is no number"),
            ("a.json", f'{{"a": {"1" * 5000}}}', "a.json: a number has too many digits"),
            ("a.json", '{"a": "\\ud800"}', "a.json: the escape \\ud800 is no character"),
            ("a.json", '{"a": "\\u0000"}', "a.json: the escape of the character 0, which cannot be stored"),
            ("a.yaml", b"a: b\x01\n", "a.yaml: not YAML: "),
        ],
    )
    def test_errors_in_the_text(self, write, name, content, expected):
        assert problem(write(name, content)).startswith(expected)

    def test_the_size_of_expanded_aliases_is_limited(self, write):
        text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
        assert "too large with its aliases expanded" in problem(write("a.yaml", text))

    def test_a_byte_order_mark_is_ignored(self, write):
        for name in ("a.json", "a.yaml"):
            assert contents(write(name, b'\xef\xbb\xbf{"a": 1}')) == [{"a": 1}]

    def test_a_file_of_comments_is_empty(self, write):
        assert contents(write("a.yaml", "# later\n")) == []

    def test_yaml_is_read_by_version_1_2(self):
        words = (
            "[no, on, Yes, 12:30:00, 2026-01-01, 1_000, True, FALSE, ~, null, 12, -1, 0x1F, 0o17, 010, 1.5, 1e3]"
        )
        assert yaml_text.documents(words) == [
            [
                *("no", "on", "Yes", "12:30:00", "2026-01-01", "1_000"),
                *(True, False, None, None, 12, -1),
                *("0x1F", "0o17", "010", 1.5, "1e3"),
            ]
        ]

    def test_a_number_keeps_its_text_where_text_is_expected(self, write):
        path = write("a.yaml", "realm: r\ndisplayName: 0123\nattributes: {a: 1.10, b: 1e3}\nfailureFactor: 0x10\n")
        other = write(
            "a.json",
            '{"realm": "r", "displayName": "0123", "attributes": {"a": 1.10, "b": 1e3}, "failureFactor": "16"}',
        )
        fields = loader.load([path], {}).desired.get(Kind.REALM, "r").fields
        assert fields == loader.load([other], {}).desired.get(Kind.REALM, "r").fields
        assert fields == {"displayName": "0123", "attributes": {"a": "1.10", "b": "1e3"}, "failureFactor": 16}

    def test_merge_keys_and_anchors(self):
        text = "- &a {x: 1, y: 2}\n- {<<: *a, x: 3}\n- {<<: [{z: 4}, *a, {z: 5}]}\n- *a\n- {'<<': *a}\n"
        assert yaml_text.documents(text) == [
            [{"x": 1, "y": 2}, {"x": 3, "y": 2}, {"z": 4, "x": 1, "y": 2}, {"x": 1, "y": 2}, {"x": 1, "y": 2}]
        ]

    def test_the_result_is_the_same_without_libyaml(self, monkeypatch):
        text = "a: &x [1, no]\nb: *x\n"
        expected = yaml_text.documents(text)
        monkeypatch.setattr(yaml_text, "_LOADER", yaml.SafeLoader)
        assert yaml_text.documents(text) == expected == [{"a": [1, "no"], "b": [1, "no"]}]


class TestPositions:
    @pytest.mark.parametrize(
        ("keys", "expected"),
        [
            ((), (1, 1)),
            (("a",), (1, 2)),
            (("a", 1), (2, 2)),
            (("a", 1, "b"), (2, 3)),
            (("a", 1, "c"), (2, 2)),
            (("a", 2), (1, 2)),
            (('q"', "x"), (3, 12)),
            (("gone", "x"), (1, 1)),
        ],
    )
    def test_in_json_and_in_the_same_text_as_yaml(self, keys, expected):
        text = '{"a": [1,\n {"b": "]}{[,:\\""}],\n "q\\"": {  "x": null}}'
        for read in (json_text.position, yaml_text.position):
            found = read(text, 0, keys)
            assert (found.line, found.column) == expected

    def test_merged_keys_have_the_position_of_their_anchor(self):
        text = "- &a\n  x: 1\n- <<: *a\n  y: 2\n"
        assert yaml_text.position(text, 0, (1, "x")).line == 2
        assert yaml_text.position(text, 0, (1, "y")).line == 4

    def test_documents_of_a_file_are_numbered(self):
        assert yaml_text.position("a: 1\n---\nb: 2\n", 1, ("b",)).line == 3


class TestSpeed:
    @pytest.mark.slow
    def test_four_thousand_companies(self, write):
        """Measured: 0.6 s on a slow machine; ten times as long without libyaml."""
        entry = (
            "  - {{id: company-{0}, name: Company {0}, siren: '552{0:06}', administrators: [a{0}@b.example]}}\n"
        )
        path = write("a.yaml", "companies:\n" + "".join(entry.format(number) for number in range(4000)))
        started = perf_counter()
        assert len(loader.load([path], {}, "portal").desired.resources) == 4 * 4000
        assert perf_counter() - started < 5


_words = st.sampled_from(
    [*REALM.keys, "name", "config", "**********", "${X}", "${X:1}", "<<", "&a", "*a", "-", ":"]
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _words
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words | st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def _of(shape) -> st.SearchStrategy:
    """Return a strategy for values that nearly have that shape."""
    match shape:
        case Object(keys=keys):
            known = st.sampled_from(sorted(keys)).flatmap(
                lambda key: st.tuples(st.just(key), st.deferred(lambda: _of(keys[key])))
            )
            pairs = st.lists(known, max_size=4).map(dict)
            names = {key: st.text("ab/. ", max_size=4) for key in shape.required}
            return st.tuples(pairs, st.fixed_dictionaries({}, optional=names)).map(
                lambda both: {**both[0], **both[1]}
            )
        case ListOf(item):
            return st.lists(st.deferred(lambda: _of(item)), max_size=3)
        case MapOf(value):
            return st.dictionaries(st.text("ab", max_size=3), st.deferred(lambda: _of(value)), max_size=3)
        case OneOf(values):
            return st.sampled_from(values) | _scalars
        case _:
            return _scalars | _values


class TestAnything:
    """Any content of a file raises nothing but a `ProvisionerError`."""

    @given(st.binary(max_size=200))
    @settings(max_examples=150, deadline=None)
    def test_bytes(self, tmp_path_factory, content):
        self._load(tmp_path_factory, content, ".yaml")
        self._load(tmp_path_factory, content, ".json")

    @pytest.mark.slow
    @given(_values)
    @settings(max_examples=150, deadline=None)
    def test_documents(self, tmp_path_factory, value):
        text = json.dumps(value)
        self._load(tmp_path_factory, text.encode(), ".json")
        self._load(tmp_path_factory, yaml.safe_dump(value, allow_unicode=True).encode(errors="replace"), ".yaml")

    @pytest.mark.slow
    @given(_of(REALM))
    @example({"organizations": [{"id": "o", "alias": "acme"}], "users": [{"id": "u"}]})
    @settings(max_examples=150, deadline=None)
    def test_realms(self, tmp_path_factory, value):
        text = json.dumps({**value, "realm": "portal"})
        self._load(tmp_path_factory, text.encode(), ".json")

    def _load(self, tmp_path_factory, content: bytes, suffix: str) -> None:
        path = tmp_path_factory.getbasetemp() / f"any{suffix}"
        path.write_bytes(content)
        documents._again.cache_clear()
        with suppress(ProvisionerError):
            loader.load([path], {}, "portal")
