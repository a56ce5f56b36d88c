"""The tokenizer, by a table: what it finds, and what it must not take for a metric."""

import unittest

import promql


class Metrics(unittest.TestCase):
    """The metric names of an expression."""

    TABLE = {
        "up": ["up"],
        "1 + 2.5e3 * 0x1f": [],
        "vector(1)": [],
        "time() - node_boot_time_seconds": ["node_boot_time_seconds"],
        'up{job="a",instance!~"b.*"}': ["up"],
        "sum(rate(a_total[5m])) by (host)": ["a_total"],
        "sum by (le, unit) (rate(a_bucket[$__rate_interval]))": ["a_bucket"],
        "a / on (host) group_left (unit, name) b": ["a", "b"],
        "a and ignoring(x) b or c unless d": ["a", "b", "c", "d"],
        "a > bool 0 offset 5m": ["a"],
        "a offset -1h30m @ end()": ["a"],
        "a @ 1609746000.5": ["a"],
        "# sum(commented_out)\na # b": ["a"],
        'label_replace(a, "to", "$1", "from", "(b{c}.*)")': ["a"],
        "max_over_time(rate(a[1m])[30m:1m])": ["a"],
        "job:a_total:rate5m": ["job:a_total:rate5m"],
        '{"quoted.name", job="x"}': ["quoted.name"],
        '{__name__="a_metric", job="x"}': ["a_metric"],
        '{__name__=~"a.*"}': [None],
        "topk(5, a) + count_values(\"version\", b)": ["a", "b"],
        "histogram_quantile(0.95, sum by (le) (rate(a_bucket{x=~\"[0-9]{3}\"}[5m])))": ["a_bucket"],
        'a{x="}"} + b': ["a", "b"],
        "-a + +b ^ 2 % c": ["a", "b", "c"],
        "Inf * NaN + a": ["a"],
        "sum without (cpu) (a) + sum(b) without (cpu)": ["a", "b"],
        "quantile_over_time(0.5, a[$__range])": ["a"],
        "a{x='single', y=`raw\\d`}": ["a"],
        "count(count by (a_label) (b))": ["b"],
        "$metric + [[metric]] + ${metric} + a": ["a"],
        "a == 1 != 2 >= 3": ["a"],
        "absent(a)": ["a"],
        "sum": [],
        "a{": ["a"],
        "a[5m": ["a"],
    }

    def test_table(self):
        for text, names in self.TABLE.items():
            with self.subTest(text):
                self.assertEqual([selector.metric for selector in promql.read(text).selectors], names)


class Parts(unittest.TestCase):
    """Everything else that is read off an expression."""

    def test_matchers(self):
        [selector] = promql.read('a{b="c\\"d",e!~`f\\.g`,"h.i"=~"$j"}').selectors
        self.assertEqual(selector.matchers, [("b", "=", 'c"d'), ("e", "!~", "f\\.g"), ("h.i", "=~", "$j")])

    def test_ranges_know_their_function(self):
        ranges = promql.read("sum(rate(a[5m])) / increase(b{c=\"[1m]\"}[$__rate_interval] offset 1h) + d[1h:]").ranges
        self.assertEqual(ranges, [("rate", "5m"), ("increase", "$__rate_interval"), (None, "1h:")])

    def test_a_subquery_belongs_to_its_function(self):
        ranges = promql.read("max_over_time(rate(a[1m])[30m:1m])").ranges
        self.assertEqual(ranges, [("rate", "1m"), ("max_over_time", "30m:1m")])

    def test_labels_that_group(self):
        found = promql.read("sum by (a, b) (c) / on (d) group_left (e) sum(f) without (g)")
        self.assertEqual(found.grouped, ["a", "b", "d", "e", "g"])

    def test_labels_that_are_made(self):
        text = 'label_replace(label_join(a, "joined", ",", "x"), "copied", "$1", "y", "z") + count_values("counted", b)'
        self.assertEqual(promql.read(text).made, {"joined", "copied", "counted"})

    def test_unknown_functions(self):
        self.assertEqual(promql.read("rates(a[5m]) + sum(b)").unknown_functions, ["rates"])

    def test_unpaired_brackets(self):
        for text, wrong in {"a{b[5m]": ["}"], "a[5m": ["]"], "sum(a": ["("], "a)": [")"], "sum by (b a": [")"], '(a{b="("})': []}.items():
            with self.subTest(text):
                self.assertEqual(promql.read(text).unpaired, wrong)

    def test_logql(self):
        found = promql.read('sum by (x) (count_over_time({a="b", c=~"$d"} |= "[5m]" | json | e > 10ms [$__auto]))')
        self.assertEqual(found.ranges, [("count_over_time", "$__auto")])
        self.assertEqual(found.selectors[0].matchers, [("a", "=", "b"), ("c", "=~", "$d")])


if __name__ == "__main__":
    unittest.main()
