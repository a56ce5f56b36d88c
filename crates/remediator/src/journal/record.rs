//! The lines of `journalctl --output=json`.

use super::JournalError;
use homeostat_policy::observation::{Recorded, UnitRecord};
use homeostat_policy::words::JobResult;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// One line of `--output=json`.
struct Record<'a> {
    line: &'a str,
    fields: Map<String, Value>,
}

impl<'a> Record<'a> {
    fn parse(line: &'a str) -> Result<Self, JournalError> {
        match serde_json::from_str(line) {
            Ok(fields) => Ok(Self { line, fields }),
            Err(error) => Err(bad_line(line, &error.to_string())),
        }
    }

    /// When journald received the line, microseconds since the Unix epoch.
    fn at_us(&self) -> Result<i64, JournalError> {
        let text = self.text("__REALTIME_TIMESTAMP").unwrap_or_default();
        text.parse()
            .map_err(|_| bad_line(self.line, "no __REALTIME_TIMESTAMP"))
    }

    /// A field's value. One that is no printable text comes as an array of bytes, and one that
    /// was given several times as an array of values, of which the first counts.
    fn text(&self, name: &str) -> Option<String> {
        let mut value = self.fields.get(name)?;
        if let Value::Array(items) = value
            && let Some(first @ (Value::String(_) | Value::Array(_))) = items.first()
        {
            value = first;
        }
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Array(bytes) => {
                let byte = |v: &Value| v.as_u64().and_then(|b| u8::try_from(b).ok());
                let bytes = bytes.iter().map(byte).collect::<Option<Vec<u8>>>()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        }
    }
}

fn bad_line(line: &str, reason: &str) -> JournalError {
    JournalError::Line {
        line: line.chars().take(80).collect(),
        reason: reason.to_owned(),
    }
}

/// `SD_MESSAGE_UNIT_SUCCESS` of systemd's `sd-messages.h`: the unit went off and was well.
const ENDED_WELL: &str = "7ad2d189f7e94e70a38c781354912448";
/// `SD_MESSAGE_UNIT_FAILURE_RESULT`: the unit entered the failed state.
const FAILED: &str = "d9b373ed55a64feb8242e02dbe79a49c";

/// What PID 1 recorded at or after `since_ms`, in milliseconds since the Unix epoch, in the order of the
/// lines. The halves of a restart, `Stopping` among them, carry `JOB_TYPE` without a result and are no records.
pub(super) fn records(output: &str, since_ms: i64) -> Result<Vec<UnitRecord>, JournalError> {
    let mut records = Vec::new();
    for line in output.lines() {
        let record = Record::parse(line)?;
        let what = match (record.text("JOB_TYPE"), record.text("JOB_RESULT")) {
            (Some(job_type), Some(result)) => Recorded::Job {
                job_type,
                result: JobResult::from_signal(&result),
            },
            _ => match record.text("MESSAGE_ID").as_deref() {
                Some(ENDED_WELL) => Recorded::EndedWell,
                Some(FAILED) => Recorded::Failed,
                _ => continue,
            },
        };
        let wall_ms = record.at_us()?.div_euclid(1000);
        if wall_ms >= since_ms {
            records.push(UnitRecord { wall_ms, what });
        }
    }
    Ok(records)
}

/// The newest lines as text, with no more than `max_bytes` bytes.
pub(super) fn lines(output: &str, max_bytes: usize) -> Result<Vec<String>, JournalError> {
    const PRIORITIES: [&str; 8] = [
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
    ];
    let mut lines = Vec::new();
    let mut left = max_bytes;
    for line in output.lines().rev() {
        let record = Record::parse(line)?;
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(record.at_us()?) * 1000)
            .ok()
            .and_then(|at| at.format(&Rfc3339).ok())
            .ok_or_else(|| bad_line(line, "__REALTIME_TIMESTAMP is no time"))?;
        let priority = record
            .text("PRIORITY")
            .and_then(|digit| PRIORITIES.get(digit.parse::<usize>().ok()?).copied())
            .unwrap_or("info");
        // journalctl gives null in place of a field of more than 4096 bytes.
        let message = record
            .text("MESSAGE")
            .unwrap_or_else(|| "(a message too long to show)".to_owned());
        let mut text = format!("{at} {priority} {}", without_controls(&message));
        text.truncate(text.floor_char_boundary(left));
        if text.is_empty() {
            break;
        }
        left -= text.len();
        lines.push(text);
    }
    lines.reverse();
    Ok(lines)
}

/// The text on one line, with nothing in it that a terminal would obey.
fn without_controls(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\t' => Some(' '),
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A restart as systemd logs it: stopping (no result), off, stopped, starting (no result), failed.
    const RESTART: &str = concat!(
        r#"{"__CURSOR":"s=1;i=1","__REALTIME_TIMESTAMP":"1700000000000499","__MONOTONIC_TIMESTAMP":"1","_BOOT_ID":"b","JOB_TYPE":"stop","JOB_RESULT":"canceled"}"#,
        "\n",
        r#"{"__REALTIME_TIMESTAMP":"1700000000001499","JOB_TYPE":"stop","MESSAGE_ID":"de5b426a63be47a7b6ac3eaac82e2f6f"}"#,
        "\n",
        r#"{"__REALTIME_TIMESTAMP":"1700000000001500","MESSAGE_ID":"7ad2d189f7e94e70a38c781354912448"}"#,
        "\n",
        r#"{"JOB_RESULT":"done","__REALTIME_TIMESTAMP":"1700000000001501","JOB_TYPE":"restart","MESSAGE_ID":"9d1aaa27d60140bd96365438aad20286"}"#,
        "\n",
        r#"{"__REALTIME_TIMESTAMP":"1700000000001600","JOB_TYPE":"start"}"#,
        "\n",
        r#"{"__REALTIME_TIMESTAMP":"1700000000001700","MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c"}"#,
        "\n",
        r#"{"__REALTIME_TIMESTAMP":"1700000000001700","JOB_TYPE":["start","start"],"JOB_RESULT":["failed","failed"]}"#,
        "\n",
        r#"{"__REALTIME_TIMESTAMP":"1700000000001800","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf"}"#,
        "\n",
    );

    fn job(job_type: &str, result: JobResult) -> Recorded {
        let job_type = job_type.to_owned();
        Recorded::Job { job_type, result }
    }

    #[test]
    fn ends_of_jobs_and_of_runs_come_in_order() {
        let all = records(RESTART, i64::MIN).unwrap();
        let what: Vec<_> = all.iter().map(|record| record.what.clone()).collect();
        assert_eq!(
            what,
            [
                job("stop", JobResult::Canceled),
                Recorded::EndedWell,
                job("restart", JobResult::Done),
                Recorded::Failed,
                job("start", JobResult::Failed)
            ]
        );
        assert_eq!(all[0].wall_ms, 1_700_000_000_000);
        assert_eq!(all[4].wall_ms, 1_700_000_000_001);
        assert_eq!(records(RESTART, 1_700_000_000_001).unwrap(), all[1..]);
        assert_eq!(records(RESTART, 1_700_000_000_002).unwrap(), []);
    }

    #[test]
    fn a_result_of_a_newer_systemd_is_unknown() {
        let line =
            r#"{"__REALTIME_TIMESTAMP":"5","JOB_TYPE":"start","JOB_RESULT":"some-new-word"}"#;
        let read = records(line, 0).unwrap();
        assert_eq!(read[0].what, job("start", JobResult::Unknown));
    }

    #[test]
    fn half_a_line_is_an_error() {
        let cut = &RESTART[..100];
        let error = records(cut, 0).unwrap_err();
        assert!(error.to_string().contains("s=1;i=1"), "{error}");
        let timeless = r#"{"JOB_TYPE":"start","JOB_RESULT":"done"}"#;
        assert!(records(timeless, 0).is_err());
    }

    const LINES: &str = concat!(
        r#"{"__REALTIME_TIMESTAMP":"1700000000000000","PRIORITY":"6","MESSAGE":"Started shop.service."}"#,
        "\n",
        r#"{"__REALTIME_TIMESTAMP":"1700000001000000","PRIORITY":"3","MESSAGE":[27,91,51,49,109,98,97,100,10,255]}"#,
        "\n",
        r#"{"__REALTIME_TIMESTAMP":"1700000002000000","MESSAGE":null}"#,
        "\n",
    );

    #[test]
    fn lines_show_time_priority_and_text_without_control_characters() {
        assert_eq!(
            lines(LINES, 1000).unwrap(),
            [
                "2023-11-14T22:13:20Z info Started shop.service.",
                "2023-11-14T22:13:21Z err [31mbad \u{fffd}",
                "2023-11-14T22:13:22Z info (a message too long to show)",
            ]
        );
    }

    #[test]
    fn the_newest_lines_are_kept_within_the_bytes() {
        let kept = lines(LINES, 80).unwrap();
        assert_eq!(kept.len(), 2);
        assert_eq!(kept.iter().map(String::len).sum::<usize>(), 80);
        assert!(kept[1].ends_with("(a message too long to show)"));
        assert_eq!(lines(LINES, 0).unwrap(), [""; 0]);
    }
}
