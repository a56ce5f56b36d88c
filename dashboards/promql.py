"""What a PromQL expression asks for: its selectors, ranges and labels, by a small tokenizer. LogQL is near enough for its
stream selectors and ranges. Whether an expression is right, the machine test asks Prometheus and Loki themselves.
"""

import dataclasses
import re

# Names: Prometheus's documentation, "Operators" and "Functions".
AGGREGATIONS = set(
    "sum min max avg group stddev stdvar count count_values bottomk topk quantile limitk limit_ratio".split()
)
FUNCTIONS = set(
    """abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max clamp_min cos
    cosh count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv double_exponential_smoothing exp
    floor histogram_avg histogram_count histogram_fraction histogram_quantile histogram_stddev histogram_stdvar histogram_sum
    hour idelta increase info irate label_join label_replace last_over_time ln log10 log2 mad_over_time max_over_time
    min_over_time minute month pi predict_linear present_over_time quantile_over_time rad rate resets round scalar sgn sin
    sinh sort sort_by_label sort_by_label_desc sort_desc sqrt stddev_over_time stdvar_over_time sum_over_time tan tanh time
    timestamp ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time vector year""".split()
)
LABEL_LISTS = set("by without on ignoring group_left group_right".split())
WORDS = set("and or unless atan2 bool offset inf nan start end".split())

TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<variable>\$\{[^}]*\}|\$[A-Za-z_]\w*|\[\[\w+\]\])
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:ms|[smhdwy]))+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_:][\w:]*)
    |(?P<sign>=~|!~|!=|==|>=|<=|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclasses.dataclass
class Selector:
    """A metric by name (None where there is none) with its matchers as (label, operator, value)."""

    metric: str | None
    matchers: list[tuple[str, str, str]]


@dataclasses.dataclass
class Expression:
    """What an expression names. `ranges` are (function, text between the brackets)."""

    selectors: list[Selector]
    ranges: list[tuple[str | None, str]]
    grouped: list[str]
    made: set[str]
    unknown_functions: list[str]
    # Brackets without their other half.
    unpaired: list[str]


def tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text) of everything but white space and comments."""
    return [(found.lastgroup, found[0]) for found in TOKEN.finditer(text) if found.lastgroup != "space"]


def unquoted(text: str) -> str:
    """The content of a string. Escapes other than those of quotes and backslashes stay as they are."""
    return text[1:-1] if text[0] == "`" else re.sub(r"""\\(["'\\])""", r"\1", text[1:-1])


def read(text: str) -> Expression:
    """Takes an expression apart."""
    return Reader(tokens(text)).read()


class Reader:
    """One walk over the tokens of an expression."""

    def __init__(self, found: list[tuple[str, str]]):
        self.tokens = [*found, ("end", "")]
        self.at = 0
        self.out = Expression([], [], [], set(), [], [])
        # Of each open parenthesis the function that it belongs to, and which of its arguments is read.
        self.open: list[list] = []

    def next(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str:
        return self.tokens[self.at][1]

    def until(self, end: str) -> list[tuple[str, str]]:
        """The tokens before the sign that ends a list; the sign is taken too."""
        taken = []
        while (token := self.next())[1] != end and token[0] != "end":
            taken.append(token)
        if token[0] == "end":
            self.at -= 1
            self.out.unpaired.append(end)
        return taken

    def read(self) -> Expression:
        called = None
        while (token := self.next())[0] != "end":
            kind, text = token
            if kind == "name":
                called = self.name(text) or called
                continue
            if text == "(":
                self.open.append([called, 0])
            elif text == ")" and self.open:
                self.open.pop()
            elif text in (")", "]", "}"):
                self.out.unpaired.append(text)
            elif text == "," and self.open:
                self.open[-1][1] += 1
            elif text == "{":
                self.out.selectors.append(self.selector(None))
            elif text == "[":
                inside = "".join(part for _, part in self.until("]"))
                self.out.ranges.append((self.open[-1][0] if self.open else None, inside))
            elif kind == "string":
                self.label_in_string(unquoted(text))
            called = None
        self.out.unpaired += ["("] * len(self.open)
        return self.out

    def name(self, text: str) -> str | None:
        """A name that stands outside of selectors; returns it where the next parenthesis holds its arguments."""
        if text in LABEL_LISTS:
            if self.peek() == "(":
                self.next()
                self.out.grouped += [unquoted(t) if k == "string" else t for k, t in self.until(")") if k in ("name", "string")]
        elif text in AGGREGATIONS or (text in FUNCTIONS and self.peek() == "("):
            return text
        elif self.peek() == "(" and text not in WORDS:
            self.out.unknown_functions.append(text)
            return text
        elif text.lower() not in WORDS:
            taken = self.peek() == "{" and self.next()
            self.out.selectors.append(self.selector(text) if taken else Selector(text, []))
        return None

    def selector(self, metric: str | None) -> Selector:
        """The matchers behind an opening brace. A quoted metric name may stand among them."""
        parts, matchers = self.until("}"), []
        for at, (kind, text) in enumerate(parts):
            if kind == "sign" and text in ("=", "!=", "=~", "!~") and 0 < at < len(parts) - 1:
                label, value = parts[at - 1], parts[at + 1]
                name = unquoted(label[1]) if label[0] == "string" else label[1]
                matchers.append((name, text, unquoted(value[1]) if value[0] == "string" else value[1]))
            elif kind == "string" and (at == 0 or parts[at - 1][1] == ",") and (at + 1 == len(parts) or parts[at + 1][1] == ","):
                metric = unquoted(text)
        named = [value for label, operator, value in matchers if (label, operator) == ("__name__", "=")]
        return Selector(metric or (named[0] if named else None), [m for m in matchers if m[0] != "__name__"])

    def label_in_string(self, text: str) -> None:
        """Keeps the names of labels that the expression itself makes."""
        function, argument = self.open[-1] if self.open else (None, 0)
        if (function, argument) in {("label_replace", 1), ("label_join", 1), ("count_values", 0)}:
            self.out.made.add(text)
