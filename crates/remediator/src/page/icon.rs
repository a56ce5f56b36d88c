//! What a state looks like: a tone and a shape, so that no meaning hangs on colour alone.

use maud::{Markup, html};

/// How much a state should worry a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// All is well.
    Good,
    /// Under way, nothing to do.
    Busy,
    /// A person should know.
    Warn,
    /// A person must act.
    Bad,
    /// Of no consequence.
    Plain,
}

impl Tone {
    /// The class in the stylesheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Busy => "busy",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Plain => "plain",
        }
    }

    /// The shape's outline within 16 by 16: check in a disc, arrow in a disc, triangle, octagon, ring.
    fn outline(self) -> &'static str {
        match self {
            Tone::Good | Tone::Busy => "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Z",
            Tone::Warn => "M8 1.2 15.4 14.4H.6Z",
            Tone::Bad => "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z",
            Tone::Plain => "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3Z",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Tone::Good => "M4.8 8.2 7.1 10.5 11.3 5.8",
            Tone::Busy => "M4.8 8h6M8.4 5.4 11 8l-2.6 2.6",
            Tone::Warn => "M8 6v4M8 12v.2",
            Tone::Bad => "M8 4.2v4.6M8 11.4v.2",
            Tone::Plain => "M6 8h4",
        }
    }
}

/// The shape alone; a word must stand beside it.
pub(super) fn icon(tone: Tone) -> Markup {
    html! {
        svg.icon viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" {
            path.outline d=(tone.outline()) {}
            path.sign d=(tone.sign()) {}
        }
    }
}

/// A word with its shape and tone.
pub(super) fn badge(tone: Tone, word: &str) -> Markup {
    html! {
        span class={ "badge " (tone.class()) } { (icon(tone)) (word) }
    }
}
