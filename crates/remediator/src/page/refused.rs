//! Alerts that no rule may act on: counted, for they come in storms.

use super::{Page, Unfolded, when};
use homeostat_policy::log::IncidentId;
use homeostat_policy::log::Moment;
use homeostat_policy::words::Reason;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// So many incidents of a kind have a link each.
const LINKS: usize = 40;

/// Refused alerts of one name, for one reason.
struct Kind {
    newest: Moment,
    /// Newest first.
    ids: Vec<IncidentId>,
}

/// The refused alerts by name and reason, the most frequent first.
pub(super) fn section(page: &Page, unfolded: Unfolded) -> Markup {
    let mut kinds: BTreeMap<(&str, Reason), Kind> = BTreeMap::new();
    let mut total = 0;
    for (incident, _) in page.refused() {
        let name = incident
            .evidence
            .values()
            .next()
            .map_or("", |e| e.name.as_str());
        let reason = incident.reason.unwrap_or(Reason::Unknown);
        let kind = kinds.entry((name, reason)).or_insert(Kind {
            newest: incident.opened,
            ids: Vec::new(),
        });
        kind.ids.push(incident.id);
        total += 1;
    }
    if total == 0 {
        return html! {};
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(key, kind)| (std::cmp::Reverse(kind.ids.len()), *key));
    html! {
        section.refused id="refused" aria-labelledby="refused-title" {
            h2 id="refused-title" { "Refused alerts " span.count { (total) } }
            p {
                "The newest ones, for which no remedy was considered. "
                @if unfolded == Unfolded::Refused {
                    a href={ (Unfolded::Nothing.address()) "#refused" } { "Hide them" }
                } @else {
                    a href={ (Unfolded::Refused.address()) "#refused" } {
                        "Show them by name and reason"
                    }
                }
            }
            @if unfolded == Unfolded::Refused { (table(page, &kinds)) }
        }
    }
}

fn table(page: &Page, kinds: &[((&str, Reason), Kind)]) -> Markup {
    html! {
                table {
                    thead {
                        tr {
                            th scope="col" { "Alert and reason" }
                            th.number scope="col" { "Times" }
                            th scope="col" { "Last" }
                        }
                    }
                    tbody {
                        @for ((name, reason), kind) in kinds {
                            tr {
                                th scope="row" {
                                    (name) " "
                                    code { (reason.label()) }
                                    p { (reason.sentence()) }
                                    p.ids { (links(&kind.ids)) }
                                }
                                td.number { (kind.ids.len()) }
                                td { (when::about(page.now.since(&kind.newest))) " ago" }
                            }
                        }
                    }
                }
    }
}

fn links(ids: &[IncidentId]) -> Markup {
    html! {
        @for (index, id) in ids.iter().take(LINKS).enumerate() {
            @if index > 0 { " " }
            a id=(format!("incident-{id}")) href=(format!("/incidents/{id}")) { "#" (id) }
        }
        @if ids.len() > LINKS { " and " (ids.len() - LINKS) " more" }
    }
}
