# Words for rule tests: a case has series and expectations at a time; an expectation lists every alert of
# that name which fires then, with exact labels and annotations.
{
  rule_file,
}:
rec {
  file = tests: {
    rule_files = [ rule_file ];
    evaluation_interval = "15s";
    inherit tests;
  };

  # One sample every 15 s, in promtool's notation: "0+15x40" is 0, 15, 30 and so on, forty steps.
  case = name: values: expectations: {
    inherit name;
    interval = "15s";
    input_series = map (series: {
      inherit series;
      values = values.${series};
    }) (builtins.attrNames values);
    alert_rule_test = expectations;
  };

  silent = alertname: eval_time: fires alertname eval_time [ ];
  fires = alertname: eval_time: exp_alerts: { inherit alertname eval_time exp_alerts; };

  # What one alert looks like. The runbook's anchor is spelled out by each test.
  alert =
    labels: anchor: summary: description: {
      exp_labels = {
        host = "web1";
      }
      // labels;
      exp_annotations = {
        inherit summary description;
        runbook_url = "https://runbook.example/RUNBOOK.md#${anchor}";
      };
    };
}
