//! What `check-config` says beside the configuration itself: the order in which a remedy is looked at,
//! and what is no fault and yet will keep the remediator from acting.

use crate::systemd::{ControlError, UnitControl};
use homeostat_policy::decide::obstacles::{AFTER, BEFORE};
use homeostat_policy::rules::{Rule, Rules};

/// The labels without which an alert of ours cannot be told from a stranger's, or be weighed.
const NEEDED: [&str; 2] = ["unit", "severity"];

/// The obstacles in their order, as a text of two lines.
#[must_use]
pub fn obstacles() -> String {
    let names = |names: Vec<&str>| names.join(", ");
    format!(
        "obstacles before a rung of the ladder is chosen, in order: {}\nand after it: {}",
        names(BEFORE.iter().map(|obstacle| obstacle.name).collect()),
        names(AFTER.iter().map(|obstacle| obstacle.name).collect()),
    )
}

/// What a person should know of the rules: one warning for each thing, with its cure.
#[must_use]
pub fn of_rules(rules: &Rules) -> Vec<String> {
    rules.all().iter().filter_map(of_labels).collect()
}

fn of_labels(rule: &Rule) -> Option<String> {
    let lacking: Vec<_> = NEEDED
        .into_iter()
        .filter(|name| !rule.own.contains_key(*name))
        .collect();
    (!lacking.is_empty()).then(|| {
        format!(
            "rule \"{}\": its labels lack {}: write in `labels` what the alert's rule in Prometheus writes, or a \
             stranger's alert of the name {} counts as ours",
            rule.name,
            lacking.join(" and "),
            rule.alert
        )
    })
}

/// What systemd says of the units under care: those that are never acted on, for they would take the host
/// down.
///
/// # Errors
/// When systemd cannot be asked.
pub async fn of_units(
    rules: &Rules,
    control: &impl UnitControl,
) -> Result<Vec<String>, ControlError> {
    let mut warnings = Vec::new();
    for unit in rules.units() {
        if let Some(setting) = control.observe(unit).await?.host_action {
            warnings.push(format!(
                "unit \"{unit}\": {setting} would take the host down, so it is never acted on: take the setting \
                 away, or the unit out of the rules"
            ));
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::path::Path;

    fn rules(labels: &str) -> Rules {
        let text = format!(
            r#"{{"host":"h","database":"/tmp/x.db","runbook_url":"https://example.org/RUNBOOK.md",
                "units":{{"a.service":{{"verbs":["restart"]}}}},
                "rules":[{{"name":"a/Down","alert":"Down","unit":"a.service","ladder":["restart"]{labels}}}]}}"#
        );
        Config::parse(Path::new("r.json"), &text).unwrap().rules
    }

    #[test]
    fn labels_that_lack_the_unit_or_the_severity_are_told() {
        for (labels, wanted) in [
            (
                r#","labels":{"unit":"a.service","severity":"critical"}"#,
                None,
            ),
            (r#","labels":{"unit":"a.service"}"#, Some("lack severity:")),
            (r#","labels":{"severity":"critical"}"#, Some("lack unit:")),
            ("", Some("lack unit and severity:")),
        ] {
            let told = of_rules(&rules(labels));
            assert_eq!(
                told.len(),
                usize::from(wanted.is_some()),
                "{labels}: {told:?}"
            );
            if let Some(wanted) = wanted {
                assert!(
                    told[0].contains("\"a/Down\"") && told[0].contains(wanted),
                    "{told:?}"
                );
            }
        }
    }

    #[test]
    fn the_obstacles_stand_in_their_order() {
        let text = obstacles();
        let place = |name: &str| {
            text.find(name)
                .unwrap_or_else(|| panic!("no {name} in {text}"))
        };
        assert!(place("paused by a person") < place("unit unknown"));
        assert!(place("and after it") < place("cool-down"));
        assert!(place("cool-down") < place("budget"));
    }
}
