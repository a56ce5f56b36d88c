//! The outer layers of a protobuf message, read where they lie.
//!
//! Decoded as a whole, two bytes of a request could become a span of some hundred bytes in memory, a hundred times the
//! request. So only one span at a time is decoded, and of a bounded size.

use prost::{DecodeError, decode_length_delimiter};

/// The parts of a message that are messages themselves and have this field number, in their order. Other fields are
/// passed over. After an error there are no more.
pub(super) fn messages(message: &[u8], number: usize) -> Messages<'_> {
    Messages {
        rest: message,
        number,
    }
}

pub(super) struct Messages<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<&'a [u8], DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            match self.field() {
                Ok((number, Some(part))) if number == self.number => return Some(Ok(part)),
                Ok(_) => {}
                Err(error) => {
                    self.rest = &[];
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl<'a> Messages<'a> {
    /// Passes one field: its number, and its content where that has a length of its own.
    fn field(&mut self) -> Result<(usize, Option<&'a [u8]>), DecodeError> {
        // A key, a length and a number are all of the same form, which has a public reader for lengths only.
        let key = decode_length_delimiter(&mut self.rest)?;
        let length = match key % 8 {
            0 => {
                decode_length_delimiter(&mut self.rest)?;
                0
            }
            1 => 8,
            2 => decode_length_delimiter(&mut self.rest)?,
            5 => 4,
            // Groups are no longer part of protobuf, and 6 and 7 never were.
            _ => return Err(unreadable()),
        };
        let (content, rest) = self.rest.split_at_checked(length).ok_or_else(unreadable)?;
        self.rest = rest;
        Ok((key / 8, (key % 8 == 2).then_some(content)))
    }
}

/// Only prost makes its errors; this is the one for an input that ends too early.
fn unreadable() -> DecodeError {
    decode_length_delimiter(&b""[..]).expect_err("invariant: there is no length in no bytes")
}

#[cfg(test)]
mod tests {
    use super::messages;

    fn read(message: &[u8], number: usize) -> (Vec<&[u8]>, bool) {
        let mut parts = Vec::new();
        for part in messages(message, number) {
            match part {
                Ok(part) => parts.push(part),
                Err(_) => return (parts, false),
            }
        }
        (parts, true)
    }

    #[test]
    fn only_the_wanted_field_is_given_whatever_stands_between() {
        // Field 1 as a number, as eight bytes, as "ab", field 2 as "c", field 1 as four bytes, as nothing.
        let message = b"\x08\xac\x02\x0912345678\x0a\x02ab\x12\x01c\x0d1234\x0a\x00";
        assert_eq!(read(message, 1), (vec![&b"ab"[..], b""], true));
        assert_eq!(read(message, 2), (vec![&b"c"[..]], true));
        assert_eq!(read(b"", 1), (vec![], true));
    }

    #[test]
    fn what_is_cut_or_unknown_is_an_error_after_what_was_whole() {
        for torn in [
            &b"\x0a\x01a\x0a\x05b"[..],
            b"\x0a\x01a\x0a",
            b"\x0a\x01a\x0b",
            b"\x0a\x01a\x09123",
            b"\x0a\x01a\x08\xff",
        ] {
            assert_eq!(read(torn, 1), (vec![&b"a"[..]], false), "{torn:?}");
        }
        let longest = b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(read(longest, 1), (vec![], false));
    }
}
