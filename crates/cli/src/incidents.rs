//! The remediator's incidents, for reading on a terminal.
//!
//! Fields are looked up by name and may be absent, so that this works with an older and a newer remediator.

use std::fmt::Write as _;

use reqwest::Url;
use serde_json::{Value, json};

use crate::args::{Change, IncidentsArgs};
use crate::terminal::printable;
use crate::{Error, client, token};

/// The columns of the list: heading and field.
const COLUMNS: [(&str, &str); 10] = [
    ("ID", "id"),
    ("OPENED", "opened_at"),
    ("HOST", "host"),
    ("UNIT", "unit"),
    ("STATE", "state"),
    ("PHASE", "phase"),
    ("VERDICT", "verdict"),
    ("END", "end"),
    ("REASON", "reason"),
    ("ACTIONS", "actions"),
];

/// Asks the remediator and returns what is to be printed.
///
/// # Errors
/// The remediator does not answer, does not know the incident, or answers in another form.
pub async fn show(args: &IncidentsArgs) -> Result<String, Error> {
    let url = match &args.id {
        Some(id) => address(&args.url, &[id]),
        None => {
            let mut url = address(&args.url, &[]);
            url.set_query(Some("state=all&limit=100"));
            url
        }
    };
    let wrong = |problem: String| Error::Form {
        url: url.to_string(),
        problem,
    };
    let answer = |body: &[u8]| -> Result<Value, Error> {
        serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))
    };
    let body = client::get(url.clone()).await?;
    let mut whole = answer(&body)?;
    if args.json {
        return Ok(String::from_utf8_lossy(&body).into_owned());
    }
    // A long story comes in parts.
    while let (Some(_), Some(next)) = (&args.id, whole["next"].as_u64()) {
        let mut rest = url.clone();
        rest.set_query(Some(&format!("after={next}")));
        let mut part = answer(&client::get(rest).await?)?;
        if let (Some(Value::Array(told)), Some(Value::Array(more))) =
            (whole.get_mut("events"), part.get_mut("events"))
        {
            told.append(more);
        }
        whole["next"] = part.get_mut("next").map(Value::take).unwrap_or_default();
    }
    let answer = whole;
    if args.id.is_some() {
        return story(&answer).ok_or_else(|| wrong("it has no list `events`".to_owned()));
    }
    table(&answer).ok_or_else(|| wrong("it has no list `incidents`".to_owned()))
}

/// Tells the remediator a person's answer to an incident, and returns what is to be printed.
///
/// # Errors
/// The token file cannot be used, the remediator does not answer, or it refuses; its reason is in the error.
pub async fn change(change: &Change) -> Result<String, Error> {
    let (args, word, done) = match change {
        Change::Acknowledge(args) => (args, "acknowledge", "acknowledged"),
        Change::Close(args) => (args, "close", "closed"),
    };
    let token = token::read(&args.token_file)?;
    let url = address(&args.url, &[&args.id, word]);
    client::post(url, &token, &json!({ "reason": args.reason })).await?;
    Ok(format!("Incident {} is {done}.", printable(&args.id)))
}

/// The address of the incidents, or of what is below it: each word becomes one segment, whatever characters it has.
fn address(base: &Url, words: &[&str]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.path_segments_mut()
        .expect("invariant: an http URL has a path")
        .pop_if_empty()
        .push("incidents")
        .extend(words);
    url
}

/// The list, newest first as it came.
fn table(answer: &Value) -> Option<String> {
    let incidents = answer.get("incidents")?.as_array()?;
    if incidents.is_empty() {
        return Some("No incidents: nothing happened, or nothing was reported.".to_owned());
    }
    let head = COLUMNS.map(|(heading, _)| heading.to_owned());
    let rows = incidents
        .iter()
        .map(|incident| COLUMNS.map(|(_, name)| field(incident, name)));
    Some(aligned(std::iter::once(head).chain(rows).collect()))
}

/// One incident: what it is about, its alerts, then every event on a line of its own.
fn story(incident: &Value) -> Option<String> {
    let events = incident.get("events")?.as_array()?;
    let show = |name| field(incident, name);
    let mut text = format!(
        "Incident {}: {} on {}\n",
        show("id"),
        show("unit"),
        show("host")
    );
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "State {}, phase {}, verdict {}, end {}, reason {}, actions {}",
        show("state"),
        show("phase"),
        show("verdict"),
        show("end"),
        show("reason"),
        show("actions")
    );
    let _ = writeln!(
        text,
        "Opened {}, closed {}",
        show("opened_at"),
        show("closed_at")
    );
    let alerts = incident
        .get("alerts")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for alert in alerts {
        let state = match alert.get("cleared").and_then(Value::as_bool) {
            Some(true) => "cleared",
            Some(false) => "not cleared",
            None => "unknown",
        };
        let (name, kind, fingerprint) = (
            field(alert, "name"),
            field(alert, "kind"),
            field(alert, "fingerprint"),
        );
        let _ = writeln!(text, "Alert {name} ({kind}, {fingerprint}): {state}");
    }
    text.push('\n');
    let rows = events
        .iter()
        .map(|event| ["at", "kind", "reason", "text"].map(|name| field(event, name)));
    text.push_str(&aligned(rows.collect()));
    Some(text)
}

/// A field as text that is safe to print; what is absent or null is a dash.
fn field(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => printable(text),
        Some(other) => printable(&other.to_string()),
    }
}

/// Columns as wide as their widest cell. The last is not padded.
fn aligned<const N: usize>(rows: Vec<[String; N]>) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{story, table};
    use serde_json::json;

    #[test]
    fn the_table_is_aligned_and_shows_absent_fields_as_dashes() {
        let answer = json!({"incidents": [
            {"id": 12, "opened_at": "2026-01-02T03:04:05Z", "host": "demo", "unit": "shop.service", "state": "closed",
             "phase": "closed", "verdict": "fixed", "end": "fixed", "reason": "alert_cleared", "actions": 1},
            {"id": "7", "unit": null, "later": true}]});
        let expected = "\
ID  OPENED                HOST  UNIT          STATE   PHASE   VERDICT  END    REASON         ACTIONS
12  2026-01-02T03:04:05Z  demo  shop.service  closed  closed  fixed    fixed  alert_cleared  1
7   -                     -     -             -       -       -        -      -              -
";
        assert_eq!(table(&answer).as_deref(), Some(expected));
    }

    #[test]
    fn an_empty_list_is_said_in_words() {
        assert!(
            table(&json!({"incidents": []})).is_some_and(|text| text.starts_with("No incidents"))
        );
        assert_eq!(table(&json!([])), None);
    }

    #[test]
    fn the_story_is_told_line_by_line_and_cannot_drive_the_terminal() {
        let incident = json!({"id": 12, "host": "demo", "unit": "shop.service", "state": "open", "phase": "paged",
            "verdict": "unproven", "end": "paged", "reason": "ladder_exhausted", "opened_at": "2026-01-02T03:04:05Z",
            "closed_at": null, "actions": 1,
            "alerts": [{"name": "AppDown", "fingerprint": "00000000000000ff", "kind": "alertmanager", "cleared": false}],
            "events": [
                {"id": 1, "at": "2026-01-02T03:04:05Z", "kind": "alert", "reason": "firing", "text": "AppDown fires"},
                {"id": 2, "at": "2026-01-02T03:04:06Z", "kind": "decision", "reason": null, "text": "page\u{1b}[2J\nnow"}]});
        let expected = "\
Incident 12: shop.service on demo
State open, phase paged, verdict unproven, end paged, reason ladder_exhausted, actions 1
Opened 2026-01-02T03:04:05Z, closed -
Alert AppDown (alertmanager, 00000000000000ff): not cleared

2026-01-02T03:04:05Z  alert     firing  AppDown fires
2026-01-02T03:04:06Z  decision  -       page\\u{1b}[2J\\nnow
";
        assert_eq!(story(&incident).as_deref(), Some(expected));
    }
}
