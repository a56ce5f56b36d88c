//! The words of the domain: closed lists, each made by one macro. A word's doc comment is the
//! sentence that a person reads, and its label is the metric label, the log field and the word in
//! the record.
//!
//! Words of the record have one more member, for a word that a newer version wrote. Whoever meets
//! it cannot know what happened, and calls a person. Words of the configuration have none: there an
//! unknown word is refused by name.

mod decision;
mod end;
mod job;
mod mode;
mod reason;
mod verb;
mod verdict;

pub use decision::DecisionKind;
pub use end::End;
pub use job::JobResult;
pub use mode::Mode;
pub use reason::Reason;
pub use verb::{Method, Verb};
pub use verdict::Verdict;

/// Makes a closed list. `record` adds the member for words of newer versions, `setting` does not.
macro_rules! words {
    (record $(#[$about:meta])+ $name:ident { $($(#[doc = $doc:literal])+ $word:ident = $label:literal,)+ } $(#[doc = $other:literal])+ Unknown) => {
        $(#[$about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[doc = $doc])+ #[serde(rename = $label)] $word,)+
            $(#[doc = $other])+
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        $crate::words::words!(@members $name [$($(#[doc = $doc])+ $word = $label,)+ $(#[doc = $other])+ Unknown = "unknown",]);
    };
    (setting $(#[$about:meta])+ $name:ident { $($(#[doc = $doc:literal])+ $word:ident = $label:literal,)+ }) => {
        $(#[$about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[doc = $doc])+ #[serde(rename = $label)] $word,)+
        }

        $crate::words::words!(@members $name [$($(#[doc = $doc])+ $word = $label,)+]);
    };
    (@members $name:ident [$($(#[doc = $doc:literal])+ $word:ident = $label:literal,)+]) => {
        impl $name {
            /// Every word, for metrics that exist from the start.
            pub const ALL: &'static [$name] = &[$($name::$word,)+];

            /// The word in configuration, metrics, logs and incidents.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $($name::$word => $label,)+
                }
            }

            /// What it means, as a sentence for a person.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self {
                    $($name::$word => concat!($($doc),+).trim_start(),)+
                }
            }
        }
    };
}
use words;

#[cfg(test)]
mod tests {
    use super::{DecisionKind, End, JobResult, Mode, Reason, Verb, Verdict};
    use std::collections::BTreeSet;

    macro_rules! each_list {
        ($check:ident: $($name:ident),+) => { $(
            $check(stringify!($name), $name::ALL, $name::label, $name::sentence);
        )+ };
    }

    fn survives<T>(
        list: &str,
        all: &[T],
        label: fn(T) -> &'static str,
        sentence: fn(T) -> &'static str,
    ) where
        T: Copy + PartialEq + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
    {
        let labels: BTreeSet<_> = all.iter().map(|word| label(*word)).collect();
        assert_eq!(labels.len(), all.len(), "{list}");
        for word in all {
            let json = serde_json::to_string(word).unwrap();
            assert_eq!(json, format!("\"{}\"", label(*word)));
            assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *word);
            let text = sentence(*word);
            assert!(
                text.ends_with('.') && !text.starts_with(' '),
                "{list}: {text}"
            );
        }
    }

    #[test]
    fn labels_are_unique_and_survive_json_and_sentences_are_sentences() {
        each_list!(survives: DecisionKind, End, JobResult, Mode, Reason, Verb, Verdict);
    }

    #[test]
    fn a_word_from_the_future_is_unknown_in_the_record_and_refused_in_the_configuration() {
        let future = "\"moon_phase\"";
        assert_eq!(
            serde_json::from_str::<Reason>(future).unwrap(),
            Reason::Unknown
        );
        assert_eq!(serde_json::from_str::<End>(future).unwrap(), End::Unknown);
        assert_eq!(
            serde_json::from_str::<Verdict>(future).unwrap(),
            Verdict::Unknown
        );
        assert_eq!(
            serde_json::from_str::<JobResult>(future).unwrap(),
            JobResult::Unknown
        );
        assert_eq!(
            serde_json::from_str::<DecisionKind>(future).unwrap(),
            DecisionKind::Unknown
        );
        assert!(serde_json::from_str::<Verb>(future).is_err());
        assert!(serde_json::from_str::<Mode>(future).is_err());
    }
}
