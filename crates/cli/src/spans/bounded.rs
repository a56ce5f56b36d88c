//! Text with a bound in bytes, so that no program's attributes make an entry of the log store too large.

use std::fmt::{self, Write};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// Stands where text was left out.
const MARK: &str = "…[cut]";

/// A string that takes at most `limit` bytes and ends with a mark when there was more.
pub(super) struct Bounded {
    text: String,
    limit: usize,
    cut: bool,
}

impl Bounded {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
            cut: false,
        }
    }

    pub(super) fn finish(mut self) -> String {
        if self.cut {
            self.text.push_str(MARK);
        }
        self.text
    }
}

impl Write for Bounded {
    /// An error says that nothing more fits; who writes need not go on.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.cut {
            return Err(fmt::Error);
        }
        let end = text.floor_char_boundary(self.limit - self.text.len());
        self.text.push_str(&text[..end]);
        self.cut = end < text.len();
        if self.cut { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The beginning of a text.
pub(super) fn text(text: &str, limit: usize) -> String {
    let mut out = Bounded::new(limit);
    // What does not fit is marked by `finish`.
    let _ = out.write_str(text);
    out.finish()
}

/// Attributes as `key=value key="two words"`.
pub(super) fn write_attributes(out: &mut Bounded, attributes: &[KeyValue]) -> fmt::Result {
    for (index, attribute) in attributes.iter().enumerate() {
        if index > 0 {
            out.write_char(' ')?;
        }
        write!(out, "{}=", attribute.key)?;
        write_value(out, attribute.value.as_ref())?;
    }
    Ok(())
}

fn write_value(out: &mut Bounded, value: Option<&AnyValue>) -> fmt::Result {
    match value.and_then(|value| value.value.as_ref()) {
        None | Some(Value::StringValueStrindex(_)) => Ok(()),
        Some(Value::StringValue(text)) => {
            let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"=[]{},".contains(c);
            if !text.is_empty() && text.chars().all(plain) {
                out.write_str(text)
            } else {
                write!(out, "{text:?}")
            }
        }
        Some(Value::BoolValue(value)) => write!(out, "{value}"),
        Some(Value::IntValue(value)) => write!(out, "{value}"),
        Some(Value::DoubleValue(value)) => write!(out, "{value}"),
        Some(Value::BytesValue(bytes)) => write!(out, "({} bytes)", bytes.len()),
        Some(Value::ArrayValue(array)) => {
            out.write_char('[')?;
            for (index, value) in array.values.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                write_value(out, Some(value))?;
            }
            out.write_char(']')
        }
        Some(Value::KvlistValue(list)) => {
            out.write_char('{')?;
            write_attributes(out, &list.values)?;
            out.write_char('}')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::ArrayValue;

    fn attribute(key: &str, value: Value) -> KeyValue {
        KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            key_strindex: 0,
        }
    }

    fn written(attributes: &[KeyValue], limit: usize) -> String {
        let mut out = Bounded::new(limit);
        let _ = write_attributes(&mut out, attributes);
        out.finish()
    }

    #[test]
    fn attributes_of_every_type_are_one_readable_text() {
        let array = ArrayValue {
            values: vec![AnyValue {
                value: Some(Value::IntValue(1)),
            }],
        };
        let attributes = [
            attribute("http.route", Value::StringValue("/charges".to_owned())),
            attribute("sql", Value::StringValue("SELECT 1\nFROM \"x\"".to_owned())),
            attribute("retry", Value::BoolValue(true)),
            attribute("codes", Value::ArrayValue(array)),
            attribute("raw", Value::BytesValue(vec![0; 3])),
        ];
        assert_eq!(
            written(&attributes, 1000),
            r#"http.route=/charges sql="SELECT 1\nFROM \"x\"" retry=true codes=[1] raw=(3 bytes)"#
        );
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_marked() {
        let long = attribute("k", Value::StringValue("ü".repeat(100)));
        assert_eq!(written(std::slice::from_ref(&long), 7), "k=üü…[cut]");
        assert_eq!(written(&[long.clone(), long], 202 + 3), {
            format!("k={} k=…[cut]", "ü".repeat(100))
        });
        assert_eq!(text("short", 5), "short");
        assert_eq!(text("longer", 5), "longe…[cut]");
    }
}
