"""Text in columns: what is wide, what is cut, and that lines hold their width."""

from __future__ import annotations

import re

from microgradx.tables import clip, columns, table


def test_wide_signs_count_twice_so_that_columns_stand_below_each_other() -> None:
    lines = table([("漢字", "1"), ("ab", "22")], "<>")
    assert [columns(line) for line in lines] == [7, 7]


def test_only_the_named_columns_are_clipped_where_lines_are_too_wide() -> None:
    lines = table([("a" * 60, "b" * 10), ("c", "d")], "<>", width=40)
    assert lines[0].endswith(" " + "b" * 10)
    assert all(columns(line) <= 40 for line in lines)


def test_without_a_width_nothing_is_clipped() -> None:
    assert table([("a" * 200, "b")], "<<", width=None, gap="  ") == ["a" * 200 + "  b"]


def test_tables_printed_a_row_at_a_time_line_up_by_the_width_they_have_at_least() -> None:
    rows = [("case", "us"), ("moons", "12")]
    assert [table([row], "<>", least=(8, 4))[0] for row in rows] == ["case       us", "moons      12"]


def test_a_table_without_rows_has_no_lines() -> None:
    assert table([], "<>") == []


def test_control_characters_in_cells_are_written_as_escapes() -> None:
    assert table([("\x1b[31mred", "1\n2")], "<<") == ["\\x1b[31mred 1\\n2"]


def test_no_number_in_a_shortened_text_is_part_of_another_one() -> None:
    text = "hidden*0.7123 + layers[12]*1.235e-4 - -30.5*gamma"
    whole = set(re.findall(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?", text))
    for width in range(7, len(text)):
        for head in (None, *range(width - 3)):
            short = clip(text, width, head)
            assert len(short) <= width
            assert set(re.findall(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?", short.replace("...", " "))) <= whole, short
    assert clip("12345678901", 7) == "12...01"  # nothing but a number
